// Which detection finds which ground truth, by the official evaluator's rules: the two passes of
// average_precision.hpp over some frames.
//
// A Matcher computes the overlaps of its frames once and is immutable afterwards: const members may be called
// from several threads. It keeps nothing of the frames it was made from.
#pragma once

#include <span>
#include <vector>

#include "eval/average_precision.hpp"

namespace fastbox::eval {

/// Intersection over union in double, without "+1"; 0 where the intersection has no width or height.
double intersection_over_union(const io::Box& a, const io::Box& b);

/// Intersection over the area of `a`.
double intersection_over_area(const io::Box& a, const io::Box& b);

class Matcher {
 public:
  /// Throws Error(data) naming the frame for a NaN among scores or boxes.
  Matcher(std::span<const FrameObjects> frames, Evaluator evaluator);

  FirstPass first_pass() const;

  /// Requires the thresholds of all frames, not only of this matcher's.
  Counts second_pass(const Thresholds& thresholds) const;

 private:
  /// A detection that overlaps a ground truth enough.
  struct Pair {
    std::uint32_t detection;  ///< within its block
    double overlap;
  };
  /// A ground truth of the class or its neighbour that some detection overlaps enough.
  struct GroundTruth {
    std::uint32_t pairs_begin, pairs_end;
    std::array<bool, difficulty_count> ignored;
  };
  enum class Role : std::uint8_t { valid, ignored, out };
  /// A detection that may find a ground truth of the class or count as false.
  struct Detection {
    double score = 0;
    std::array<Role, difficulty_count> role{};
    bool in_dont_care = false;
  };
  /// A frame's share of one class. Its detections are those that occur in pairs, then the rest.
  struct Block {
    std::uint32_t truths_begin, truths_end;
    std::uint32_t detections_begin, paired_end, detections_end;
  };
  struct ClassFrames {
    std::vector<Block> blocks;
    std::vector<GroundTruth> truths;
    std::vector<Pair> pairs;
    std::vector<Detection> detections;
    std::array<std::int64_t, difficulty_count> ground_truths{};
    bool detected = false;
  };
  struct FrameDetections;
  struct Tally;

  FrameDetections describe(const std::vector<io::Object>& detections, std::size_t object_class) const;
  void add_frame(const FrameObjects& frame, std::size_t object_class);
  static void add_block(ClassFrames& all, const FrameDetections& found, std::size_t first_truth,
                        std::size_t first_pair);
  bool is_ignored(const io::Object& label, std::size_t difficulty) const;
  Role role_of(const io::Object& detection, bool is_of_class, std::size_t difficulty) const;
  void collect_scores(const ClassFrames& all, std::size_t difficulty, std::vector<double>& scores) const;
  Tally match_block(const ClassFrames& all, const Block& block, std::size_t difficulty, double threshold,
                    std::vector<bool>& assigned) const;
  void count(std::size_t object_class, std::size_t difficulty, const std::vector<double>& thresholds,
             Counts& counts) const;

  Evaluator evaluator_;
  std::int64_t frames_ = 0;
  std::array<ClassFrames, class_count> classes_;
};

}  // namespace fastbox::eval
