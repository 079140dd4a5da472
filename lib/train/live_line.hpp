// The line on a terminal that tells how a run goes, step by step; elsewhere there is none.
//
// Rank 0, one thread. The object takes the line away when it goes, so that the shell's prompt, or an error, begins a line
// of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/progress_bar.hpp"
#include "train/progress.hpp"

namespace fastbox::train {

/// Where a run stands after a step.
struct RunPosition {
  std::int64_t step = 0, steps = 0, samples = 0, all_samples = 0;
  double learning_rate = 0;
  std::optional<double> loss;  ///< the step's own, over the global batch; none where this rank does not know it
};

/// "step 7/120", "samples 84/1440", "loss 4.2113", "rate 0.002", "26.9 images/s", "left 3 min 12 s", "data 0.1 %",
/// "exchange 4.3 %", "memory 812 MiB", "slowest rank 3": the order of their worth, for a narrow terminal. `summary` is the
/// last progress line's and gives what a single step cannot; before the first there is none. `images_per_second`: NaN or 0
/// where it is not known yet. `memory` in bytes.
std::vector<std::string> live_parts(const RunPosition& position, const Progress::Summary* summary,
                                    double images_per_second, double memory);

class LiveLine {
 public:
  LiveLine() = default;
  ~LiveLine();
  LiveLine(const LiveLine&) = delete;
  LiveLine& operator=(const LiveLine&) = delete;

  /// After each step. Cheap where there is no terminal.
  void show(const RunPosition& position);

  /// After each progress line.
  void take(const Progress::Summary& summary) { summary_ = summary; }

  /// Time that is not the steps'.
  void leave_out(std::chrono::steady_clock::duration time) { begin_ += time; }

 private:
  std::optional<Progress::Summary> summary_;
  std::chrono::steady_clock::time_point begin_;
  std::int64_t samples_before_ = -1;  // when begin_ was; -1: not yet
};

}  // namespace fastbox::train
