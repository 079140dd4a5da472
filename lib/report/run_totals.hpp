// What the intervals of a run add up to: time by stage, speed, ranks, stragglers.
//
// Pure functions; thread-safe.
#pragma once

#include "report/run_record.hpp"

namespace fastbox::report {

/// Seconds of the whole run. `other` is what the steps took beyond the five stages.
struct StageSeconds {
  std::array<double, 5> stages{};
  double other = 0;
  double whole = 0;        ///< NaN where no line tells images_per_second
  std::int64_t steps = 0;  ///< that the sums are over

  /// The five, and the rest.
  std::vector<double> parts() const;
};

/// Intervals without times or speed are left out.
StageSeconds stage_seconds(const std::vector<Interval>& intervals);

/// Images over seconds, the first tenth of the lines left out (start-up, caches that are still empty). NaN where no
/// line tells it.
double steady_images_per_second(const std::vector<Interval>& intervals);

/// Each rank's own mean seconds a step over the intervals that tell it, which are those with the latest number of ranks.
std::vector<std::array<double, 3>> mean_rank_times(const std::vector<Interval>& intervals);

/// A rank and a cause, over the run.
struct LateRank {
  std::int64_t rank = 0;
  std::string cause;
  std::int64_t intervals = 0;           ///< in which it held up the others
  double mean_late = 0, most_late = 0;  ///< seconds a step
  double late_in_all = 0;               ///< seconds: of every step of those intervals
};

/// The one that cost most first.
std::vector<LateRank> late_ranks(const std::vector<Interval>& intervals);

/// Images of a step over all ranks: the run file's, else the first line's samples over its steps; 0: not known.
std::int64_t batch_of(const RunRecord& record);

/// The latest AP: eval.json's for a finished run, else the last evaluation's; all NaN where there is none.
std::array<Figures, 3> latest_figures(const RunRecord& record);

}  // namespace fastbox::report
