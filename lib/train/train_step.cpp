#include "train/train_step.hpp"

#include <ATen/ATen.h>

#include <chrono>
#include <cmath>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "train/batch_tensors.hpp"
#include "train/flat_parameters.hpp"

namespace fastbox::train {
namespace {

/// Seconds since the last call.
class Lap {
 public:
  double seconds() {
    const auto now = std::chrono::steady_clock::now();
    const double passed = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    return passed;
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

/// One dropout seed per image: a function of the run's seed and the sample.
std::vector<std::uint64_t> dropout_seeds(std::uint64_t seed, const data::Batch& batch) {
  std::vector<std::uint64_t> seeds;
  for (int i = 0; i < batch.images; ++i)
    seeds.push_back(Random(seed, Purpose::dropout, batch.first_sample + static_cast<std::uint64_t>(i)).bits());
  return seeds;
}

std::vector<at::Tensor> matrices_and_kernels(const std::vector<std::pair<std::string, at::Tensor>>& parameters) {
  std::vector<at::Tensor> found;
  for (const auto& [name, parameter] : parameters)
    if (parameter.dim() >= 2) found.push_back(parameter.detach());
  return found;
}

}  // namespace

TrainStep::TrainStep(models::FastBox& model, comm::World& world, const config::Settings& settings)
    : model_(model),
      world_(world),
      loss_options_{settings.loss.confidence,       settings.loss.box,
                    settings.loss.delta_confidence, settings.loss.delta_box,
                    settings.loss.delta_box_clip,   settings.loss.weight_decay},
      seed_(static_cast<std::uint64_t>(settings.run.seed)),
      parameters_(model.parameters_in_forward_order()) {
  const comm::AveragerOptions options{settings.parallel.first_bucket_mib, settings.parallel.bucket_mib};
  // The averager plans the layout; the parameters then follow it.
  averager_ = std::make_unique<comm::GradientAverager>(world, parameters_, options);
  at::Tensor flat = flatten(parameters_, averager_->plan());
  optimizer_ = std::make_unique<Optimizer>(settings.optimizer, std::move(flat), matrices_and_kernels(parameters_));
}

StepReport TrainStep::run(const data::Batch& batch, int global_images, double learning_rate) {
  const at::TensorOptions options = parameters_[0].second.options().requires_grad(false);
  if (batch.images == 0) return run(std::nullopt, {}, global_images, learning_rate);
  return run(to_tensors(batch, options), dropout_seeds(seed_, batch), global_images, learning_rate);
}

StepReport TrainStep::run(const std::optional<BatchTensors>& batch, const std::vector<std::uint64_t>& dropout_seeds,
                          int global_images, double learning_rate) {
  StepReport report;
  Lap lap;
  averager_->begin();
  if (batch) {
    const models::Output out = model_.forward(batch->image, dropout_seeds);
    const models::Losses terms =
        models::losses(out, batch->targets, model_.encoder().kernels(), loss_options_, global_images);
    const at::Tensor values =
        at::stack({terms.confidence, terms.box, terms.delta_confidence, terms.delta_box, terms.weight_decay})
            .detach()
            .to(at::kCPU, at::kDouble);
    report.confidence = values[0].item<double>(), report.box = values[1].item<double>();
    report.delta_confidence = values[2].item<double>(), report.delta_box = values[3].item<double>();
    report.weight_decay = values[4].item<double>();
    report.forward_seconds = lap.seconds();
    terms.total().backward();
    report.backward_seconds = lap.seconds();
  }
  const auto exchange = averager_->finish();
  report.exposed_seconds = exchange.exposed_seconds;
  if (batch && exchange.unused != unused_) {
    unused_ = exchange.unused;
    log::warning("the loss does not depend on these parameters: ", join(unused_, ", "));
  }

  lap.seconds();
  report.gradient_norm = optimizer_->step(averager_->gradient(), learning_rate);
  report.optimizer_seconds = lap.seconds();
  if (!std::isfinite(report.gradient_norm))
    fail(ExitCode::numbers, "the averaged gradient is not finite (", report.gradient_norm,
         "); this rank's share of the loss is ", report.loss(), ". A lower optimizer.learning_rate may help");
  return report;
}

void TrainStep::add_views(const at::Tensor& flat, const std::string& prefix, NamedTensors& views) const {
  const auto& plan = averager_->plan();
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const auto& [name, parameter] = parameters_[i];
    views[prefix + name] = view_of(flat, parameter, plan.slots[plan.slot_of_parameter[i]]);
  }
}

NamedTensors TrainStep::evaluated_parameters() const {
  NamedTensors views;
  add_views(optimizer_->evaluated(), "", views);
  return views;
}

NamedTensors TrainStep::optimizer_state() const {
  NamedTensors views;
  for (const auto& [name, flat] : optimizer_->state()) add_views(flat, name + "/", views);
  return views;
}

WithEvaluatedWeights::WithEvaluatedWeights(Optimizer& optimizer) : parameters_(optimizer.parameters()) {
  if (optimizer.evaluated().is_same(parameters_)) return;
  kept_ = parameters_.clone();
  parameters_.copy_(optimizer.evaluated());
}

WithEvaluatedWeights::~WithEvaluatedWeights() {
  if (kept_.defined()) parameters_.copy_(kept_);
}

}  // namespace fastbox::train
