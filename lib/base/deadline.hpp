// When the process has to be done: a time limit of its own, or the end of the scheduler's job.
//
// Counted on the steady clock from the moment of construction, so a wall clock that is set later changes nothing.
// Immutable; thread-safe.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace fastbox {

class Deadline {
 public:
  /// `limit`: "off", "auto", or seconds from now. auto: the job's end, where FASTBOX_END_TIME (set by job scripts) or
  /// SLURM_JOB_END_TIME (set by Slurm) tells it in seconds since 1970. Throws Error(environment) where such a variable
  /// holds something else.
  explicit Deadline(const std::string& limit);

  /// Seconds left; nothing where there is no limit. Negative once it is over.
  std::optional<double> seconds_left() const;

  /// Where the limit comes from: "run.time_limit", "SLURM_JOB_END_TIME"; "" where there is none.
  const std::string& source() const { return source_; }

 private:
  std::optional<std::chrono::steady_clock::time_point> end_;
  std::string source_;
};

}  // namespace fastbox
