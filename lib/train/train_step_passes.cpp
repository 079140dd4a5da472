// Forward and backward of a step: leaf by leaf and pass by pass, or replayed as a graph of the GPU.

#include <ATen/ATen.h>

#include <algorithm>

#include "data/sampler.hpp"
#include "models/dropout.hpp"
#include "train/lap.hpp"
#include "train/mixed_precision.hpp"
#include "train/train_step.hpp"

namespace fastbox::train {
namespace {

/// Images begin .. begin + count - 1.
PassInput part_of(const PassInput& all, std::int64_t begin, std::int64_t count) {
  const auto part = [&](const at::Tensor& t) { return t.narrow(0, begin, count); };
  const models::Targets& targets = all.batch.targets;
  return {
      {part(all.batch.image), {part(targets.confidence), part(targets.box), part(targets.mask), part(targets.weight)}},
      all.dropout_seeds.defined() ? part(all.dropout_seeds) : at::Tensor(),
      all.divisor};
}

at::Tensor sum_of(const std::vector<at::Tensor>& terms) {
  at::Tensor total = terms[0];
  for (std::size_t i = 1; i < terms.size(); ++i) total = total + terms[i];
  return total;
}

/// `terms`: [terms], of the report's. On a GPU this waits for all that is queued.
void add_losses(const at::Tensor& terms, StepReport& report) {
  const at::Tensor values = terms.to(at::kCPU, at::kDouble);
  for (std::size_t i = 0; i < report.losses.size(); ++i)
    report.losses[i] += values[static_cast<std::int64_t>(i)].item<double>();
}

}  // namespace

/// The loss's terms, with their graph.
std::vector<at::Tensor> TrainStep::forward(const PassInput& input) {
  const MixedPrecision arithmetic(bf16_, input.batch.image.device().type(), rounded_ ? &rounded_->fresh() : nullptr);
  return model_.losses(input.batch.image, input.batch.targets, input.dropout_seeds, loss_options_, input.divisor);
}

/// One forward and backward. Neither waits for a GPU: both are read off at the end.
void TrainStep::run_pass(const PassInput& input, StepReport& report) {
  Lap lap;
  std::optional<comm::Timeline::Span> span;
  span.emplace(world_.timeline(), world_.timeline().begin(comm::Op::forward));
  const std::vector<at::Tensor> terms = forward(input);
  const at::Tensor values = at::stack(terms).detach(), total = sum_of(terms);
  report.forward_seconds += lap.seconds();
  span.reset();
  span.emplace(world_.timeline(), world_.timeline().begin(comm::Op::backward));
  total.backward();
  // A GPU has only been told what to do: what it still works on is no waiting for other ranks.
  add_losses(values, report);
  report.backward_seconds += lap.seconds();
}

/// Every leaf alone, in order, each in micro-batches.
void TrainStep::run_leaves(const PassInput& all, int global_images, StepReport& report) {
  const std::int64_t images = all.batch.image.defined() ? all.batch.image.size(0) : 0;
  const comm::LeafRange leaves = averager_->leaves();
  std::int64_t begin = 0;  // of the leaf, among this rank's images
  for (int leaf = leaves.begin; leaf < leaves.end; ++leaf) {
    const std::int64_t count = shards_ > 0 ? data::share_of(global_images, leaf, shards_).count : images;
    const std::int64_t most = micro_batch_ > 0 ? micro_batch_ : std::max<std::int64_t>(count, 1);
    for (std::int64_t at = 0; at == 0 || at < count; at += most) {
      const std::int64_t some = std::min(most, count - at);
      averager_->begin_pass(leaf, at == 0, at + most >= count);
      if (some > 0) run_pass(part_of(all, begin + at, some), report);
      averager_->end_pass();
    }
    begin += count;
  }
}

void TrainStep::run_passes(const std::optional<BatchTensors>& batch, const std::vector<std::uint64_t>& seeds,
                           int global_images, StepReport& report) {
  const std::int64_t images = batch ? batch->image.size(0) : 0;
  PassInput all;
  if (batch) all.batch = *batch;
  if (!seeds.empty()) all.dropout_seeds = models::seed_tensor(seeds, parameters_[0].second.device());
  all.divisor = is_local() ? static_cast<double>(images) : global_images;
  // A replayed pass reads the copies unasked, and a recorded one is not to hold their cast.
  if (rounded_) rounded_->fresh();
  const auto run = [&] { run_leaves(all, global_images, report); };
  if (!graphed_ || images == 0 || !graphed_->fits(all))
    run();
  else if (!graphed_->is_warm())
    graphed_->warm_up(run);
  else
    replay_pass(all, report);
  // Ranks add up their shares of the loss, whose mean each has taken over its own images.
  if (is_local() && images > 0) report.scale_losses(static_cast<double>(images) / global_images);
}

/// A rank's only pass, as a graph: the exchange begins when all of it is done.
void TrainStep::replay_pass(const PassInput& input, StepReport& report) {
  Lap lap;
  std::optional<comm::Timeline::Span> span;
  span.emplace(world_.timeline(), world_.timeline().begin(comm::Op::forward));
  const at::Tensor& terms = graphed_->run(input);
  averager_->take_recorded();
  report.forward_seconds += lap.seconds();
  span.reset();
  span.emplace(world_.timeline(), world_.timeline().begin(comm::Op::backward));
  add_losses(terms, report);
  report.backward_seconds += lap.seconds();
}

/// From here on a rank's passes are recorded once they are warm.
void TrainStep::record_passes() {
  const c10::Device device = parameters_[0].second.device();
  graphed_ = std::make_unique<GraphedPass>(make_gpu_graph(device.is_cpu() ? -1 : device.index()),
                                           [this](const PassInput& input) {
                                             averager_->begin_recording();
                                             const std::vector<at::Tensor> terms = forward(input);
                                             sum_of(terms).backward();
                                             averager_->end_recording();
                                             return at::stack(terms).detach();
                                           });
}

}  // namespace fastbox::train
