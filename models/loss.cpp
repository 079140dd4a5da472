#include "models/loss.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/jit/frontend/tracer.h>

#include "models/grid_losses.hpp"

namespace fastbox::models {
namespace {

/// What sums over cells are divided by.
double cells_of(const Targets& targets, double global_images) {
  const double images = static_cast<double>(targets.confidence.size(0));
  return static_cast<double>(targets.weight.numel()) / images * global_images;
}

at::Tensor weight_decay(const Targets& targets, const std::vector<at::Tensor>& kernels, const LossOptions& options,
                        double global_images) {
  return weight_decay_of(kernels, options.weight_decay, static_cast<double>(targets.confidence.size(0)), global_images,
                         targets.confidence.options());
}

/// Cross-entropy of the background and the classes, per cell. `truth`: ... x C, 1 for the cell's class.
at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& truth) {
  const at::Tensor background = 1 - truth.sum(-1, /*keepdim=*/true);
  return -(at::cat({background, truth}, -1) * at::log_softmax(logits, -1)).sum(-1);
}

bool has_kernel(const std::vector<at::Tensor>& outputs, const std::vector<at::Tensor>& targets) {
  const at::ScalarType type = outputs[0].scalar_type();
  const auto is_alike = [&](const at::Tensor& map) { return map.scalar_type() == type; };
  return (type == at::kFloat || type == at::kDouble) && std::all_of(outputs.begin(), outputs.end(), is_alike) &&
         std::all_of(targets.begin(), targets.end(), is_alike) && !torch::jit::tracer::isTracing();
}

}  // namespace

Losses losses(const Output& out, const Targets& targets, const std::vector<at::Tensor>& kernels,
              const LossOptions& options, double global_images) {
  const std::vector<at::Tensor> outputs = {out.logits, out.box, out.delta_logits, out.delta_box};
  const std::vector<at::Tensor> wanted = {targets.confidence, targets.box, targets.mask, targets.weight};
  if (!has_kernel(outputs, wanted)) return plain_losses(out, targets, kernels, options, global_images);
  const double cells = cells_of(targets, global_images);
  const auto terms = grid_losses(
      outputs, wanted,
      {options.confidence / cells, options.box / cells, options.delta_confidence / cells, options.delta_box / cells},
      options.delta_box_clip);
  return {terms[0], terms[1], terms[2], terms[3], weight_decay(targets, kernels, options, global_images)};
}

Losses plain_losses(const Output& out, const Targets& targets, const std::vector<at::Tensor>& kernels,
                    const LossOptions& options, double global_images) {
  const double cells = cells_of(targets, global_images);
  const at::Tensor& truth = targets.confidence;
  const at::Tensor positive = targets.weight.unsqueeze(-1);
  const at::Tensor mask = targets.mask.amin(-1);
  const at::Tensor residual = targets.box - out.box;

  // The first prediction is near enough for the second to be worth believing. A decision: no gradient.
  const at::Tensor relative = residual.narrow(-1, 0, 2).detach() / targets.box.narrow(-1, 2, 2).clamp_min(1);
  const at::Tensor inside = truth * (relative.square().sum(-1, /*keepdim=*/true) < 0.04).to(truth.scalar_type());

  Losses terms;
  terms.confidence = options.confidence * (mask * cross_entropy(out.logits, truth)).sum() / cells;
  terms.box = options.box * (positive * residual.abs()).sum() / cells;
  terms.delta_confidence = options.delta_confidence * (mask * cross_entropy(out.delta_logits, inside)).sum() / cells;
  terms.delta_box = options.delta_box *
                    (positive * (residual - out.delta_box).square().clamp_max(options.delta_box_clip)).sum() / cells;
  terms.weight_decay = weight_decay(targets, kernels, options, global_images);
  return terms;
}

}  // namespace fastbox::models
