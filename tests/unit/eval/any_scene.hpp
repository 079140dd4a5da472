// Made-up scenes, crowded and full of ties, for what must hold for any scene.
//
// Test processes only; one thread.
#pragma once

#include <string>
#include <vector>

#include "base/random.hpp"
#include "scenes.hpp"

namespace fastbox::test {

template <typename T, std::size_t n>
T one_of(Random& random, const T (&choices)[n]) {
  return choices[random.below(n)];
}

/// Boxes on a coarse lattice, so that overlaps and scores tie, with heights about the minimums.
inline io::Box any_box(Random& random) {
  const double left = 10.0 * static_cast<double>(random.below(12)), top = 5.0 * static_cast<double>(random.below(4));
  const double heights[] = {24.5, 25, 25.5, 30, 39.5, 40, 40.5, 60};
  return {left, top, left + 30 + 10.0 * static_cast<double>(random.below(4)), top + one_of(random, heights)};
}

/// Nearly `box`, so that a detection often finds its truth.
inline io::Box jittered(Random& random, io::Box box) {
  const double shifts[] = {-5, 0, 0, 0, 2.5, 5};
  box.left += one_of(random, shifts);
  box.right += one_of(random, shifts);
  box.bottom += 0.1 * one_of(random, shifts);
  return box;
}

inline eval::FrameObjects any_frame(Random& random, int number) {
  const std::string types[] = {"Car",     "car",     "Van",   "Pedestrian", "Person_sitting",
                               "Cyclist", "CYCLIST", "Truck", "DontCare",   "Car"};
  const double truncations[] = {0, 0, 0, 0.15, 0.3, 0.31, 0.5, 0.9};
  eval::FrameObjects frame{std::to_string(number), {}, {}};
  for (auto n = random.below(7); n > 0; --n)
    frame.labels.push_back(label(one_of(random, types), any_box(random),
                                 static_cast<int>(random.below(random.chance(0.5) ? 1 : 4)),
                                 one_of(random, truncations)));
  for (auto n = random.below(9); n > 0; --n) {
    const double score = 0.05 * static_cast<double>(random.below(20)) - 0.2;
    if (!frame.labels.empty() && random.chance(0.75)) {
      const auto& near = frame.labels[random.below(frame.labels.size())];
      const std::string type = random.chance(0.8) ? near.type : one_of(random, types);
      frame.detections.push_back(detection(type, jittered(random, near.box), score));
    } else {
      frame.detections.push_back(detection(one_of(random, types), any_box(random), score));
    }
  }
  return frame;
}

inline std::vector<eval::FrameObjects> any_scene(int number, Random& random) {
  std::vector<eval::FrameObjects> frames;
  for (auto n = 1 + random.below(number % 10 == 0 ? 150 : 12); n > 0; --n)
    frames.push_back(any_frame(random, static_cast<int>(frames.size())));
  return frames;
}

inline void shuffle(Random& random, std::vector<eval::FrameObjects>& frames) {
  for (std::size_t i = frames.size(); i-- > 1;) std::swap(frames[i], frames[random.below(i + 1)]);
}

}  // namespace fastbox::test
