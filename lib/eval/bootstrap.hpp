// How far an average precision can be trusted: percentile intervals of a bootstrap over frames (Efron and
// Tibshirani, An Introduction to the Bootstrap, 1993, section 13.3).
//
// Each resample draws as many frames as there are, with replacement, and its figures are to the last digit what
// evaluate() gives for the drawn list. The interval reaches from the (1 - level) / 2 to the (1 + level) / 2
// quantile of the resamples' figures (interpolated between neighbours: Hyndman and Fan's type 7). Frames are
// taken as independent; those of one drive are not, and with such frames the intervals are too narrow.
//
// A Resampler is immutable: const members may be called from several threads. The rest has no state.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "eval/matching.hpp"

namespace fastbox::eval {

/// Evaluates drawings from some frames in a time that does not depend on how often a frame is drawn: both passes
/// are laid down once as steps from score to score, and a drawing is one weighted sweep over them. Keeps nothing
/// of the frames it was made from.
class Resampler {
 public:
  /// Throws Error(data) naming the frame for a NaN among scores or boxes.
  Resampler(std::span<const FrameObjects> frames, const Rules& rules);

  /// What evaluate() gives for a list that holds frame f times[f] times. Requires a number for each frame.
  Grid<AveragePrecision> average_precision(std::span<const std::uint32_t> times) const;

  /// Whether any detection of any frame names the class.
  bool detected(std::size_t object_class) const { return detected_[object_class]; }

 private:
  struct Counted {
    std::uint32_t frame;
    std::int64_t ground_truths, recorded;
  };
  struct Sweep {
    std::vector<Step> steps;
    std::vector<Counted> frames;  ///< those that count something
  };

  AveragePrecision sweep(const Sweep& all, std::span<const std::uint32_t> times) const;

  std::size_t frames_;
  Grid<Sweep> sweeps_;
  std::vector<bool> detected_;
};

/// How often a resample draws each frame: `frames` draws from stream (seed, Purpose::bootstrap, sample).
std::vector<std::uint32_t> draw_frames(std::size_t frames, std::uint64_t seed, std::uint64_t sample);

struct BootstrapOptions {
  int samples = 1000;
  std::uint64_t seed = 0;
  double level = 0.95;
  int threads = 0;  ///< the result does not depend on them; 0: as the machine has cores
};

/// A figure in percent. A resample without ground truths of the class, or whose figure is NaN, says nothing of
/// it and is left out.
struct Interval {
  double estimate = 0;         ///< of the frames themselves; NaN without ground truths
  double low = 0, high = 0;    ///< NaN where no resample says anything
  std::int64_t resamples = 0;  ///< those that do
};

struct FigureIntervals {
  std::int64_t ground_truths = 0;  ///< of the frames themselves; fewer than 41 cap AP and so both ends
  Interval ap40, ap11, mean41;
};

struct Intervals {
  std::int64_t frames = 0;
  Rules rules;
  int samples = 0;
  std::uint64_t seed = 0;
  double level = 0;
  std::vector<bool> detected;  ///< a class: false: absent, its figures say nothing
  Grid<FigureIntervals> classes;
};

/// Frames are drawn by their places in the list, so another order gives other resamples; the estimates stay.
/// Throws Error(usage) for fewer than 2 samples or a level not within 0 and 1, Error(data) as Resampler does.
Intervals bootstrap(std::span<const FrameObjects> frames, const Rules& rules = {},
                    const BootstrapOptions& options = {});

/// The p-quantile, 0 <= p <= 1, of sorted numbers, at least one.
double quantile(std::span<const double> sorted, double p);

/// A line per class and difficulty: each figure with its interval, "69.35 [67.90, 70.81]", and the ground truths. What
/// is not known is "-". Ends with a newline.
std::string bootstrap_table(const Intervals& intervals);

/// {"frames", "evaluator", "samples", "seed", "level", "classes": {"car": {"easy": {"ap40": {"estimate", "low",
/// "high", "resamples"}, "ap11", "mean41", "ground_truths"}, ..}}}. A NaN and an absent class are null.
nlohmann::ordered_json bootstrap_json(const Intervals& intervals);

}  // namespace fastbox::eval
