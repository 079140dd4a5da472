// What a run tells between two progress lines: losses and times over the ranks, and which rank the others wait for.
//
// One Progress per process, one thread; summarise() is collective.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "comm/step_control.hpp"
#include "eval/average_precision.hpp"
#include "train/train_step.hpp"

namespace fastbox::train {

class Progress {
 public:
  void add(const StepReport& step, double data_seconds, std::int64_t images);

  /// Time that is not the steps': an evaluation.
  void leave_out(std::chrono::steady_clock::duration time) { begin_ += time; }

  /// Time that the steps waited for a checkpoint's copy. It is told, and not the steps'.
  void add_save(std::chrono::steady_clock::duration time) {
    leave_out(time);
    save_seconds_ += std::chrono::duration<double>(time).count();
  }

  /// Means over the steps since the last call, and over the ranks.
  struct Summary {
    double loss = 0;             ///< the global batch's
    std::vector<double> losses;  ///< its terms
    double gradient_norm = 0, images_per_second = 0;
    double data = 0, forward = 0, backward = 0, exposed_communication = 0, optimizer = 0;  ///< seconds a step
    double step_seconds = 0;
    double save_seconds = 0;            ///< on this rank, in all
    std::vector<comm::RankStep> ranks;  ///< each rank's own times a step; empty where none were exchanged
    std::optional<comm::Straggler> straggler;
  };

  /// Collective: one exchange. Begins anew.
  Summary summarise(comm::World& world);

 private:
  StepReport sum_;
  double data_seconds_ = 0, save_seconds_ = 0;
  std::int64_t steps_ = 0, samples_ = 0, exchanges_ = 0;
  std::vector<comm::RankStep> ranks_;  // sums of their own times
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

/// "loss 4.2113  rate 0.002  26.91 images/s  data 0.1 %  exchange 4.3 %", with the slowest rank where there is one.
std::string progress_text(const Progress::Summary& summary, double learning_rate);

/// A line of metrics.jsonl (docs/formats.md).
nlohmann::ordered_json progress_json(const Progress::Summary& summary, std::int64_t step, std::int64_t samples,
                                     double learning_rate, int ranks, const std::vector<std::string>& loss_names);

/// "Car AP40 91.9 / 79.1 / 75.9  AP11 ..", of the class that is evaluated.
std::string ap_text(const eval::KittiResult& result, const std::string& type);

/// The figures of the classes that were detected, as metrics.jsonl and the history hold them.
nlohmann::ordered_json ap_json(const eval::KittiResult& result);

}  // namespace fastbox::train
