// Made-up objects for the evaluator's tests.
//
// Test processes only; one thread.
#pragma once

#include <string>
#include <vector>

#include "eval/average_precision.hpp"

namespace fastbox::test {

inline io::Object label(const std::string& type, io::Box box, int occluded = 0, double truncated = 0) {
  io::Object object;
  object.type = type;
  object.box = box;
  object.occluded = occluded;
  object.truncated = truncated;
  return object;
}

inline io::Object detection(const std::string& type, io::Box box, double score) {
  io::Object object = label(type, box, -1, -1);
  object.score = score;
  return object;
}

/// `count` frames with one easy car each, found exactly at the given score.
inline std::vector<eval::FrameObjects> found_cars(int count, double score = 0.9) {
  const io::Box box{100, 100, 200, 200};
  return std::vector<eval::FrameObjects>(static_cast<std::size_t>(count),
                                         {"made", {label("Car", box)}, {detection("Car", box, score)}});
}

}  // namespace fastbox::test
