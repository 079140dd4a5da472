// One step of synchronous SGD on one rank: forward, backward with the exchange under way, clip and update.
//
// Views the model and the world; owns the averager, the flat parameters and the optimiser. One thread.
#pragma once

#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "comm/gradient_averager.hpp"
#include "comm/shards.hpp"
#include "comm/step_control.hpp"
#include "config/settings.hpp"
#include "data/batch.hpp"
#include "models/network.hpp"
#include "train/batch_tensors.hpp"
#include "train/graphed_pass.hpp"
#include "train/loss_guard.hpp"
#include "train/optimizer.hpp"
#include "train/rounded_parameters.hpp"
#include "train/running_statistics.hpp"
#include "train/state_copy.hpp"
#include "train/tensor_file.hpp"

namespace fastbox::train {

/// This rank's share of the step's losses (their sum over the ranks is the global batch's), and where the time went.
struct StepReport {
  std::vector<double> losses;  ///< models::Network::loss_names()' order
  double gradient_norm = 0;    ///< of the averaged gradient, before the clip; the same on all ranks
  /// On a GPU, forward and backward are queued in the first, and waited for in the second.
  double forward_seconds = 0, backward_seconds = 0, exposed_seconds = 0, optimizer_seconds = 0;
  std::uint32_t flags = 0;            ///< what all ranks have agreed on: comm::StepFlag, joined
  std::vector<comm::RankStep> ranks;  ///< each rank's own times; empty where none were exchanged in this step

  void scale_losses(double factor) {
    for (double& term : losses) term *= factor;
  }
  double loss() const { return std::accumulate(losses.begin(), losses.end(), 0.0); }
};

/// How a step's average reaches the parameters (parallel.scheme); docs/averaging.md says when to use which.
enum class Scheme {
  synchronous,  ///< every step applies its own average
  pipelined,    ///< a step applies the average of the step before it, while its own is exchanged
  local,        ///< every rank steps alone; parameters and the optimiser's state are averaged every few steps
};

/// What a rank brings to a step beside its images.
struct StepInput {
  double data_seconds = 0;  ///< that it waited for them
  std::uint32_t flags = 0;  ///< comm::StepFlag: wishes, on which the ranks agree in this step or (pipelined) the next
  std::int64_t replaced_samples = 0;  ///< by this rank, whose frames could not be read, since the process began
  bool keep_gradient = false;         ///< applied_gradient() will be asked for
};

/// parallel.shards made a number for so many ranks. Throws Error(usage) where the ranks do not divide an explicit one, the
/// scheme cannot keep an order, or batch normalisation is trained: its statistics are of the images that share a pass.
comm::ShardChoice choose_shards(const config::Settings& settings, int ranks, bool on_gpu);

class TrainStep {
 public:
  /// Moves the model's parameters into a flat buffer. The model is on its device and of its type already. Collective.
  /// Throws Error(usage) where the settings do not go together with the ranks or the device.
  TrainStep(models::Network& model, comm::World& world, const config::Settings& settings);
  TrainStep(const TrainStep&) = delete;
  TrainStep& operator=(const TrainStep&) = delete;

  /// `global_images`: of this step over all ranks. Throws Error(numbers) on every rank where the loss or the gradient is
  /// not finite, or the loss explodes (train.loss_limit); the parameters are then unchanged. `batch`: nothing where there are fewer images than ranks.
  StepReport run(const std::optional<BatchTensors>& batch, const std::vector<std::uint64_t>& dropout_seeds,
                 int global_images, double learning_rate, const StepInput& input = {});

  /// The same for a loader's batch, of which these are the tensors; one dropout seed per sample, a function of run.seed
  /// and the sample.
  StepReport run(const data::Batch& batch, const std::optional<BatchTensors>& tensors, int global_images,
                 double learning_rate, const StepInput& input = {});

  /// The same for a batch that holds its images.
  StepReport run(const data::Batch& batch, int global_images, double learning_rate, const StepInput& input = {});

  /// Device and type of the tensors that run() takes.
  at::TensorOptions input_options() const { return parameters_[0].second.options().requires_grad(false); }

  /// Ends what is under way, so that all ranks hold the same parameters and state. pipelined: waits for the average,
  /// which the next step applies; local: averages now. Collective; before an evaluation, a checkpoint and the end.
  void settle();

  /// Whether settle() leaves the course of the run as it is: not between two averagings of the local scheme.
  bool may_settle() const { return steps_since_average_ == 0; }

  /// pipelined: applies the average that is left when there is no next step. After settle().
  void apply_pending(double learning_rate);

  /// Whether the samples trained so far leave the local scheme to itself (parallel.local_after).
  void set_samples(std::int64_t samples) { samples_ = samples; }

  /// Of the terms in a report.
  std::vector<std::string> loss_names() const { return model_.loss_names(); }

  Optimizer& optimizer() { return *optimizer_; }
  const RunningStatistics& statistics() const { return statistics_; }
  comm::GradientAverager& averager() { return *averager_; }

  /// Of every global batch; 0: one share per rank.
  int shards() const { return shards_; }

  /// What the last run() came to, also where it threw: as far as it got.
  const StepReport& report() const { return report_; }

  /// Name -> view of each of the model's tensors, as the next step will meet it: parameters, trained or not, and running
  /// statistics.
  NamedTensors parameters() const;

  /// The same of the evaluated weights (the moving average where there is one).
  NamedTensors evaluated_parameters() const;

  /// Name -> view of the gradient that the last run() applied, before the clip: the average over the ranks (pipelined: of
  /// the step before), or this rank's own where it steps alone. Nothing where none was applied, or where
  /// StepInput::keep_gradient did not ask for it. Good until the next settle() or run().
  NamedTensors applied_gradient() const;

  /// Name -> view of the optimiser's state, one tensor for each parameter: "m/ip", "v/ip", ... With an average that
  /// is still to be applied: "pending/ip", ... Of a step that has settled.
  NamedTensors optimizer_state() const;

  /// Both, copied, on rank 0; there also "residual/RANK/i", what bf16 still owes. Collective where there are residuals.
  void copy_state(StateCopy& copy) const;

  /// From a checkpoint's tensors. Residuals of other ranks or nodes than these are added up into rank 0's, so that what
  /// is owed is still paid. Throws Error(data) naming `source`.
  void restore(NamedTensors model, NamedTensors optimizer, std::int64_t optimizer_steps, const std::string& source);

  LossGuard& loss_guard() { return loss_guard_; }

 private:
  /// Views of the flat tensor by parameter, their names prefixed.
  void add_views(const at::Tensor& flat, const std::string& prefix, NamedTensors& views) const;
  void add_residuals(NamedTensors& views) const;
  void restore_residuals(const NamedTensors& saved);
  void run_passes(const std::optional<BatchTensors>& batch, const std::vector<std::uint64_t>& seeds, int global_images,
                  StepReport& report);
  void run_leaves(const PassInput& all, int global_images, StepReport& report);
  void run_pass(const PassInput& input, StepReport& report);
  void replay_pass(const PassInput& input, StepReport& report);
  std::vector<at::Tensor> forward(const PassInput& input);
  void record_passes();
  comm::GradientAverager::Report wait();
  void post_control(const StepInput& input, const StepReport& report);
  void read_control(StepReport& report);
  void apply(const at::Tensor& gradient, double learning_rate, StepReport& report);
  void apply_pending(double learning_rate, StepReport& report);
  void apply_earlier(double learning_rate, StepReport& report);
  void meet(bool ranks_meet, StepReport& report);
  bool is_local() const { return scheme_ == Scheme::local && samples_ >= local_after_; }
  void average_parameters();
  void take_statistics(StepReport& report);

  models::Network& model_;
  comm::World& world_;
  models::LossOptions loss_options_;
  std::uint64_t seed_;
  Scheme scheme_;
  std::int64_t local_steps_, local_after_, samples_ = 0;
  int micro_batch_, shards_ = 0;
  bool bf16_;
  std::vector<std::pair<std::string, at::Tensor>> parameters_;  // trained; in the order of the forward pass
  NamedTensors fixed_;                                          // the model's tensors that training leaves
  RunningStatistics statistics_;
  std::unique_ptr<comm::GradientAverager> averager_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<RoundedParameters> rounded_;  // run.precision bf16; else null
  std::unique_ptr<GraphedPass> graphed_;        // run.cuda_graph; else null
  comm::StepControl control_;
  LossGuard loss_guard_;
  StepReport report_;
  std::int64_t steps_ = 0;  // since this process began
  double last_optimizer_seconds_ = 0, last_busy_seconds_ = 0;
  bool keep_gradient_ = false;            // of the last run()
  at::Tensor applied_;                    // by the last run(), where it is kept; else undefined
  at::Tensor pending_;                    // pipelined: an average that the next step applies; else undefined
  bool broken_ = false;                   // local: this rank's numbers are not finite
  std::int64_t steps_since_average_ = 0;  // local
  std::vector<std::string> unused_;       // named once
};

/// Puts the evaluated weights into the model for as long as it lives. One at a time.
class WithEvaluatedWeights {
 public:
  explicit WithEvaluatedWeights(TrainStep& step);
  ~WithEvaluatedWeights();
  WithEvaluatedWeights(const WithEvaluatedWeights&) = delete;
  WithEvaluatedWeights& operator=(const WithEvaluatedWeights&) = delete;

 private:
  void exchange(const at::Tensor& present, const at::Tensor& evaluated);

  std::vector<std::pair<at::Tensor, at::Tensor>> kept_;  // where it belongs, and what it was
};

}  // namespace fastbox::train
