// One step of synchronous SGD on one rank: forward, backward with the exchange under way, clip and update.
//
// Views the model and the world; owns the averager, the flat parameters and the optimiser. One thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "comm/gradient_averager.hpp"
#include "config/settings.hpp"
#include "data/batch.hpp"
#include "models/fastbox.hpp"
#include "models/loss.hpp"
#include "train/batch_tensors.hpp"
#include "train/optimizer.hpp"
#include "train/tensor_file.hpp"

namespace fastbox::train {

/// This rank's share of the step's losses (their sum over the ranks is the global batch's), and where the time went.
struct StepReport {
  double confidence = 0, box = 0, delta_confidence = 0, delta_box = 0, weight_decay = 0;
  double gradient_norm = 0;  ///< of the averaged gradient, before the clip; the same on all ranks
  double forward_seconds = 0, backward_seconds = 0, exposed_seconds = 0, optimizer_seconds = 0;

  double loss() const { return confidence + box + delta_confidence + delta_box + weight_decay; }
};

class TrainStep {
 public:
  /// Moves the model's parameters into a flat buffer. The model is on its device and of its type already.
  TrainStep(models::FastBox& model, comm::World& world, const config::Settings& settings);

  /// `global_images`: of this step over all ranks. Throws Error(numbers) on every rank where the gradient is not
  /// finite; the parameters are then unchanged. `batch`: nothing where there are fewer images than ranks.
  StepReport run(const std::optional<BatchTensors>& batch, const std::vector<std::uint64_t>& dropout_seeds,
                 int global_images, double learning_rate);

  /// The same for what the loader made; one dropout seed per sample, a function of run.seed and the sample.
  StepReport run(const data::Batch& batch, int global_images, double learning_rate);

  Optimizer& optimizer() { return *optimizer_; }

  /// Name -> view of one parameter, in the evaluated weights (the moving average where there is one).
  NamedTensors evaluated_parameters() const;

  /// Name -> view of the optimiser's state, one tensor for each parameter: "m/ip", "v/ip", ...
  NamedTensors optimizer_state() const;

 private:
  /// Views of the flat tensor by parameter, their names prefixed.
  void add_views(const at::Tensor& flat, const std::string& prefix, NamedTensors& views) const;

  models::FastBox& model_;
  comm::World& world_;
  models::LossOptions loss_options_;
  std::uint64_t seed_;
  std::vector<std::pair<std::string, at::Tensor>> parameters_;  // in the order of the forward pass
  std::unique_ptr<comm::GradientAverager> averager_;
  std::unique_ptr<Optimizer> optimizer_;
  std::vector<std::string> unused_;  // named once
};

/// Puts the evaluated weights into the model for as long as it lives. One at a time.
class WithEvaluatedWeights {
 public:
  explicit WithEvaluatedWeights(Optimizer& optimizer);
  ~WithEvaluatedWeights();
  WithEvaluatedWeights(const WithEvaluatedWeights&) = delete;
  WithEvaluatedWeights& operator=(const WithEvaluatedWeights&) = delete;

 private:
  at::Tensor parameters_, kept_;
};

}  // namespace fastbox::train
