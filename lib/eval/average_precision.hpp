// KITTI's average precision of 2-D boxes, equal to the official evaluator's to the last digit.
//
// Source: evaluate_object.cpp of KITTI's object development kit, in its three generations. Two passes: the
// first (matching.hpp) collects the scores at which ground truths are found and so gives the thresholds, the
// second counts at each of them. Both are sums over frames, so any share of the frames may be matched by any
// thread or rank and merged:
//
//   Matcher mine(my_frames, rules);
//   FirstPass found = mine.first_pass();           // merge() those of all ranks
//   Thresholds at = sample_thresholds(found);
//   Counts counts = mine.second_pass(at);          // merge() those of all ranks
//   KittiResult result = average_precision(found, counts, at, rules);
//
// Scores are sorted and counts are whole numbers, so neither the order nor the sharing of frames changes a
// digit. Thread-safe: no state; results are plain data.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "eval/rules.hpp"
#include "io/kitti_label.hpp"

namespace fastbox::eval {

inline constexpr std::size_t difficulty_count = 3, slot_count = 41;
inline constexpr std::array<const char*, difficulty_count> difficulty_names = {"easy", "moderate", "hard"};

/// A value for each class, in the order of Rules::classes, and difficulty: grid[class][difficulty].
template <typename T>
using Grid = std::vector<std::array<T, difficulty_count>>;

/// One frame's label and result file.
struct FrameObjects {
  std::string name;  ///< for messages
  std::vector<io::Object> labels, detections;
};

/// What the first pass finds in some frames.
struct FirstPass {
  std::int64_t frames = 0;
  std::vector<bool> detected;        ///< a class: whether any detection names it
  Grid<std::int64_t> ground_truths;  ///< counted ones
  Grid<std::vector<double>> scores;  ///< of the detections that found one, in any order

  explicit FirstPass(std::size_t classes = kitti_class_count)
      : detected(classes), ground_truths(classes), scores(classes) {}

  /// Requires as many classes.
  void merge(const FirstPass& other);

  /// As numbers for a message between ranks, and back. from_numbers throws Error(defect) where they do not
  /// fit.
  std::vector<double> to_numbers() const;
  static FirstPass from_numbers(std::span<const double> numbers);
};

/// At most 41 scores, from the highest down, at which precision is taken.
using Thresholds = Grid<std::vector<double>>;

/// Which of `scores` scores, sorted from the highest down, are the thresholds: their places, rising. Requires
/// ground_truths >= scores.
std::vector<std::size_t> sample_places(std::size_t scores, std::int64_t ground_truths);

/// The thresholds of one class and stratum from the first pass's scores, in any order.
std::vector<double> sample_thresholds(std::vector<double> scores, std::int64_t ground_truths);

/// Samples the recall axis as the official evaluator does, with its steps of 1/40 added up in double.
Thresholds sample_thresholds(const FirstPass& found);

/// Hits, false positives and misses at each threshold, as whole numbers in one array that ranks can add up.
struct Counts {
  enum Kind : std::size_t { hits, false_positives, misses };

  std::size_t classes;
  std::vector<std::int64_t> numbers;

  explicit Counts(std::size_t class_count = kitti_class_count)
      : classes(class_count), numbers(3 * class_count * difficulty_count * slot_count) {}

  std::int64_t& at(Kind kind, std::size_t object_class, std::size_t difficulty, std::size_t slot) {
    return numbers[((kind * classes + object_class) * difficulty_count + difficulty) * slot_count + slot];
  }
  std::int64_t at(Kind kind, std::size_t object_class, std::size_t difficulty, std::size_t slot) const {
    return const_cast<Counts*>(this)->at(kind, object_class, difficulty, slot);
  }
  void merge(const Counts& other);
};

/// One class at one difficulty. Figures in percent, precisions and recalls 0..1.
struct AveragePrecision {
  std::int64_t ground_truths = 0;
  double ap40 = 0;                             ///< mean of slots 1 .. 40: the benchmark's since 2019
  double ap11 = 0;                             ///< mean of slots 0, 4, .. 40: the benchmark's before
  double mean41 = 0;                           ///< mean of all: what KittiBox prints
  std::array<double, slot_count> precision{};  ///< maximum from the right; NaN where nothing scores so high
  std::vector<double> recall;                  ///< at each threshold
  std::vector<double> thresholds;
};

/// What the second pass counts at one threshold.
struct SlotCounts {
  std::int64_t hits = 0, false_positives = 0, misses = 0;
};

/// Requires as many counts as thresholds, at most 41.
AveragePrecision average_precision(std::int64_t ground_truths, std::vector<double> thresholds,
                                   std::span<const SlotCounts> counts);

struct KittiResult {
  std::int64_t frames = 0;
  Rules rules;
  /// A class: false: absent, its figures (all 0) say nothing.
  std::vector<bool> detected = std::vector<bool>(rules.classes.size());
  /// In the order of rules.classes.
  Grid<AveragePrecision> classes = Grid<AveragePrecision>(rules.classes.size());
};

KittiResult average_precision(const FirstPass& found, const Counts& counts, const Thresholds& thresholds,
                              const Rules& rules);

/// All of the above for frames in this process. Throws Error(data) naming the frame for a NaN among scores or
/// boxes.
KittiResult evaluate(std::span<const FrameObjects> frames, const Rules& rules = {});

}  // namespace fastbox::eval
