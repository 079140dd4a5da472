#include "models/loss.hpp"

#include <ATen/ATen.h>

namespace fastbox::models {
namespace {

/// Cross-entropy of the background and the classes, per cell. `truth`: ... x C, 1 for the cell's class.
at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& truth) {
  const at::Tensor background = 1 - truth.sum(-1, /*keepdim=*/true);
  return -(at::cat({background, truth}, -1) * at::log_softmax(logits, -1)).sum(-1);
}

}  // namespace

Losses losses(const Output& out, const Targets& targets, const std::vector<at::Tensor>& kernels,
              const LossOptions& options, double global_images) {
  const double images = static_cast<double>(targets.confidence.size(0));
  const double cells = static_cast<double>(targets.weight.numel()) / images * global_images;
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

  terms.weight_decay = weight_decay_of(kernels, options.weight_decay, images, global_images, truth.options());
  return terms;
}

}  // namespace fastbox::models
