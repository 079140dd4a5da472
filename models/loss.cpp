#include "models/loss.hpp"

#include <ATen/ATen.h>

namespace fastbox::models {
namespace {

/// Cross-entropy of two classes per cell. `truth`: 1 or 0.
at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& truth) {
  const at::Tensor log_probability = at::log_softmax(logits, -1);
  return -(truth * log_probability.select(-1, 1) + (1 - truth) * log_probability.select(-1, 0));
}

}  // namespace

Losses losses(const Output& out, const Targets& targets, const std::vector<at::Tensor>& kernels,
              const LossOptions& options, double global_images) {
  const double images = static_cast<double>(targets.confidence.size(0));
  const double cells = static_cast<double>(targets.confidence.numel()) / images * global_images;
  const at::Tensor& c = targets.confidence;
  const at::Tensor positive = c.unsqueeze(-1);
  const at::Tensor residual = targets.box - out.box;

  // The first prediction is near enough for the second to be worth believing. A decision: no gradient.
  const at::Tensor relative = residual.narrow(-1, 0, 2).detach() / targets.box.narrow(-1, 2, 2).clamp_min(1);
  const at::Tensor inside = c * (relative.square().sum(-1) < 0.04).to(c.scalar_type());

  Losses terms;
  terms.confidence = options.confidence * (targets.mask * cross_entropy(out.logits, c)).sum() / cells;
  terms.box = options.box * (positive * residual.abs()).sum() / cells;
  terms.delta_confidence =
      options.delta_confidence * (targets.mask * cross_entropy(out.delta_logits, inside)).sum() / cells;
  terms.delta_box = options.delta_box *
                    (positive * (residual - out.delta_box).square().clamp_max(options.delta_box_clip)).sum() / cells;

  terms.weight_decay = at::zeros({}, c.options());
  if (options.weight_decay != 0) {
    for (const auto& kernel : kernels) terms.weight_decay = terms.weight_decay + 0.5 * kernel.square().sum();
    terms.weight_decay = terms.weight_decay * (options.weight_decay * images / global_images);
  }
  return terms;
}

}  // namespace fastbox::models
