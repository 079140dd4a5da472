// Which detection finds which ground truth, by the official evaluator's rules: the two passes of
// average_precision.hpp over some frames, and what else is asked of the same matching (by bands, by resampling,
// by frame).
//
// A Matcher computes the overlaps of its frames once and is immutable afterwards: const members may be called
// from several threads. It keeps nothing of the frames it was made from but the objects' indices.
#pragma once

#include <limits>
#include <span>
#include <vector>

#include "eval/average_precision.hpp"

namespace fastbox::eval {

/// Intersection over union in double, without "+1"; 0 where the intersection has no width or height.
double intersection_over_union(const io::Box& a, const io::Box& b);

/// Intersection over the area of `a`.
double intersection_over_area(const io::Box& a, const io::Box& b);

/// Which ground truths count: a difficulty, or a band of one. Ground truths outside are ignored: they may be
/// found, and are neither hit nor missed.
struct Stratum {
  double minimum_height = 0;  ///< pixels, by the evaluator's rules: smaller detections are ignored too
  int maximum_occlusion = 0;
  double maximum_truncation = 0;

  // What makes a band of it. Heights are a ground truth's, from the one to the other, an end belonging where
  // the evaluator puts its minimum height (kitti2017: to the band below it). A detection of height < from or
  // >= to may find a ground truth of the band, and is no false positive if it finds none.
  int minimum_occlusion = std::numeric_limits<int>::min();
  double truncation_above = -std::numeric_limits<double>::infinity();
  double height_from = -std::numeric_limits<double>::infinity();
  double height_to = std::numeric_limits<double>::infinity();

  bool operator==(const Stratum&) const = default;
};

/// KITTI's easy, moderate and hard.
inline constexpr std::array<Stratum, difficulty_count> difficulties = {{{40, 0, 0.15}, {25, 1, 0.30}, {25, 2, 0.50}}};

/// What changes in one frame's counts where the threshold falls to a score.
struct Step {
  double score = 0;
  std::uint32_t frame = 0;
  std::int32_t hits = 0, false_positives = 0, misses = 0;  ///< second pass; misses fall from ground_truths_by_frame
  std::int32_t recorded = 0;                               ///< how often the first pass records this score
};

/// A frame's errors: places in its labels and detections, rising.
struct FrameErrors {
  std::vector<std::size_t> missed, false_positives;
};

/// A detection that is right or wrong, and not ignored.
struct Judgement {
  std::uint32_t frame = 0;
  double score = 0;
  bool right = false;
};

class Matcher {
 public:
  /// Requires at most 32 strata. Throws Error(data) naming the frame for a NaN among scores or boxes.
  Matcher(std::span<const FrameObjects> frames, const Rules& rules, std::span<const Stratum> strata = difficulties);

  /// Both require the strata to be the difficulties; the second the thresholds of all frames, not only of this
  /// matcher's.
  FirstPass first_pass() const;
  Counts second_pass(const Thresholds& thresholds) const;

  /// Classes, in the order of the rules'.
  std::size_t class_count() const { return classes_.size(); }
  /// Whether any detection names the class.
  bool detected(std::size_t object_class) const { return classes_[object_class].detected; }
  /// Counted ones.
  std::int64_t ground_truths(std::size_t object_class, std::size_t stratum) const;
  std::vector<std::int64_t> ground_truths_by_frame(std::size_t object_class, std::size_t stratum) const;
  /// The first pass's scores, in the frames' order.
  std::vector<double> found_scores(std::size_t object_class, std::size_t stratum) const;
  /// The second pass. Requires thresholds from the highest down.
  std::vector<SlotCounts> count(std::size_t object_class, std::size_t stratum,
                                std::span<const double> thresholds) const;
  /// Both passes frame by frame, from the highest score down, for equal scores in the frames' order; at most one
  /// a frame and score. Summed up over scores >= t they are the counts at threshold t.
  std::vector<Step> steps(std::size_t object_class, std::size_t stratum) const;
  /// Every detection by the first pass, which gives each ground truth the surest detection that overlaps it enough: right
  /// where that truth counts. Left out: detections that found an ignored truth, are too small, lie in DontCare or (and found
  /// nothing) outside the band. Frame by frame.
  std::vector<Judgement> judgements(std::size_t object_class, std::size_t stratum) const;
  /// Of every frame in the second pass at a threshold.
  std::vector<FrameErrors> errors(std::size_t object_class, std::size_t stratum, double threshold) const;

 private:
  using Strata = std::uint32_t;  ///< a bit for each stratum

  /// A detection that overlaps a ground truth enough.
  struct Pair {
    std::uint32_t detection;  ///< within its block
    double overlap;
  };
  /// A ground truth of the class or its neighbour.
  struct GroundTruth {
    std::uint32_t pairs_begin, pairs_end;
    std::uint32_t frame, label;
    Strata ignored;
  };
  /// A detection that may find a ground truth of the class or count as false; out where neither valid nor ignored.
  struct Detection {
    double score = 0;
    Strata valid = 0, ignored = 0;
    Strata excused = 0;  ///< no false positive: in DontCare, or outside the band
    std::uint32_t index = 0;
  };
  /// A frame's share of one class. Its detections are those that occur in pairs, then the rest.
  struct Block {
    std::uint32_t frame;
    std::uint32_t truths_begin, truths_end;
    std::uint32_t detections_begin, paired_end, detections_end;
  };
  struct ClassFrames {
    std::vector<Block> blocks;
    std::vector<GroundTruth> truths;    ///< that some detection overlaps enough
    std::vector<GroundTruth> unpaired;  ///< counted somewhere and overlapped by none
    std::vector<Pair> pairs;
    std::vector<Detection> detections;
    std::array<std::int64_t, std::numeric_limits<Strata>::digits> ground_truths{};
    bool detected = false;
  };
  struct FrameDetections;
  struct Tally;

  FrameDetections describe(const std::vector<io::Object>& detections, std::size_t object_class) const;
  void add_frame(const FrameObjects& frame, std::uint32_t index, std::size_t object_class);
  static void add_block(ClassFrames& all, const FrameDetections& found, std::uint32_t frame, std::size_t first_truth,
                        std::size_t first_pair);
  Strata ignoring(const io::Object& label) const;
  Strata too_small(const io::Object& detection) const;
  Strata outside(const io::Object& detection) const;
  void require_difficulties() const;
  template <typename Assign>
  static void first_match(const ClassFrames& all, const Block& block, Strata stratum, std::vector<bool>& assigned,
                          const Assign& assign);
  template <typename Record>
  static void record_scores(const ClassFrames& all, Strata stratum, const Record& record);
  template <typename Assign>
  static void match(const ClassFrames& all, const Block& block, Strata stratum, double threshold,
                    std::vector<bool>& assigned, const Assign& assign);
  static Tally tally(const ClassFrames& all, const Block& block, Strata stratum, double threshold,
                     std::vector<bool>& assigned);

  Rules rules_;
  std::vector<Stratum> strata_;
  Strata every_;
  std::uint32_t frames_ = 0;
  std::vector<ClassFrames> classes_;
};

}  // namespace fastbox::eval
