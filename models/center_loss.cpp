#include "models/center_loss.hpp"

#include <ATen/ATen.h>

namespace fastbox::models {

at::Tensor penalty_reduced_focal(const at::Tensor& logits, const at::Tensor& truth) {
  const at::Tensor p = at::sigmoid(logits);
  const at::Tensor is_centre = truth.ge(1);
  const at::Tensor of_centre = -(1 - p).square() * at::log_sigmoid(logits);
  const at::Tensor of_others = -(1 - truth).pow(4) * p.square() * at::log_sigmoid(-logits);
  return at::where(is_centre, of_centre, of_others);
}

at::Tensor generalised_iou(const at::Tensor& reach, const at::Tensor& truth) {
  const at::Tensor inner = at::minimum(reach, truth), outer = at::maximum(reach, truth);
  const auto width = [](const at::Tensor& box) { return box.select(-1, 0) + box.select(-1, 2); };
  const auto height = [](const at::Tensor& box) { return box.select(-1, 1) + box.select(-1, 3); };
  const at::Tensor shared = width(inner).clamp_min(0) * height(inner).clamp_min(0);
  const at::Tensor joint = width(reach) * height(reach) + width(truth) * height(truth) - shared;
  const at::Tensor hull = width(outer) * height(outer);
  return shared / joint - (hull - joint) / hull;
}

at::Tensor reaches_of(const at::Tensor& box) {
  const at::Tensor centre = box.narrow(-1, 0, 2), half = box.narrow(-1, 2, 2) / 2;
  return at::cat({half - centre, half + centre}, -1);
}

CenterLosses center_losses(const at::Tensor& logits, const at::Tensor& reach, const Targets& targets,
                           const LossOptions& options, double global_images) {
  CenterLosses terms;
  terms.confidence =
      (targets.mask * penalty_reduced_focal(logits, targets.confidence)).sum() * (options.confidence / global_images);
  const at::Tensor missed = 1 - generalised_iou(reach, reaches_of(targets.box));
  terms.box = (targets.weight * missed).sum() * (options.box / global_images);
  return terms;
}

}  // namespace fastbox::models
