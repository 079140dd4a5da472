#include "models/center_loss.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/jit/frontend/tracer.h>

#include <algorithm>
#include <vector>

#include "models/center_losses.hpp"

namespace fastbox::models {
namespace {

bool has_kernel(const at::Tensor& logits, const at::Tensor& reach, const std::vector<at::Tensor>& targets) {
  const at::ScalarType type = logits.scalar_type();
  const auto is_alike = [&](const at::Tensor& map) { return map.scalar_type() == type; };
  return (type == at::kFloat || type == at::kDouble) && is_alike(reach) &&
         std::all_of(targets.begin(), targets.end(), is_alike) && !torch::jit::tracer::isTracing();
}

}  // namespace

at::Tensor penalty_reduced_focal(const at::Tensor& logits, const at::Tensor& truth) {
  const at::Tensor p = at::sigmoid(logits);
  const at::Tensor is_centre = truth.ge(1);
  const at::Tensor of_centre = -(1 - p).square() * at::log_sigmoid(logits);
  const at::Tensor of_others = -(1 - truth).pow(4) * p.square() * at::log_sigmoid(-logits);
  return at::where(is_centre, of_centre, of_others);
}

at::Tensor overlap_focal(const at::Tensor& logits, const at::Tensor& truth, const at::Tensor& overlap,
                         const at::Tensor& weight) {
  const at::Tensor q = overlap.detach(), of_one = at::log_sigmoid(logits), of_none = at::log_sigmoid(-logits);
  const at::Tensor inner = -weight.sqrt() * (q * of_one + (1 - q) * of_none);
  const at::Tensor outer = -(1 - truth).pow(4) * at::sigmoid(logits).square() * of_none;
  return at::where(truth.ge(inner_height), inner, outer);
}

Overlap overlap_of(const at::Tensor& reach, const at::Tensor& truth) {
  const at::Tensor inner = at::minimum(reach, truth), outer = at::maximum(reach, truth);
  const auto width = [](const at::Tensor& box) { return box.select(-1, 0) + box.select(-1, 2); };
  const auto height = [](const at::Tensor& box) { return box.select(-1, 1) + box.select(-1, 3); };
  const at::Tensor shared = width(inner).clamp_min(0) * height(inner).clamp_min(0);
  const at::Tensor joint = width(reach) * height(reach) + width(truth) * height(truth) - shared;
  const at::Tensor hull = width(outer) * height(outer);
  const at::Tensor iou = shared / joint;
  return {iou, iou - (hull - joint) / hull};
}

at::Tensor distance_overlap(const at::Tensor& reach, const at::Tensor& truth, const at::Tensor& iou) {
  const at::Tensor outer = at::maximum(reach, truth);
  const auto near = [](const at::Tensor& box) { return box.narrow(-1, 0, 2); };
  const auto far = [](const at::Tensor& box) { return box.narrow(-1, 2, 2); };
  // Twice the centres' distance in x and in y, and the hull's diagonal, squared.
  const at::Tensor apart = ((far(reach) - near(reach)) - (far(truth) - near(truth))).square().sum(-1) / 4;
  return iou - apart / (near(outer) + far(outer)).square().sum(-1);
}

at::Tensor reaches_of(const at::Tensor& box) {
  const at::Tensor centre = box.narrow(-1, 0, 2), half = box.narrow(-1, 2, 2) / 2;
  return at::cat({half - centre, half + centre}, -1);
}

CenterLosses losses_of_cells(const at::Tensor& logits, const at::Tensor& reach, const Targets& targets,
                             const LossOptions& options, double global_images) {
  const std::vector<at::Tensor> wanted = {targets.confidence, targets.box, targets.mask, targets.weight};
  if (!has_kernel(logits, reach, wanted)) return plain_losses_of_cells(logits, reach, targets, options, global_images);
  const auto terms = center_losses(logits, reach, wanted,
                                   {options.confidence / global_images, options.box / global_images,
                                    options.score_is_overlap, options.box_by_distance});
  return {terms[0], terms[1]};
}

CenterLosses plain_losses_of_cells(const at::Tensor& logits, const at::Tensor& reach, const Targets& targets,
                                   const LossOptions& options, double global_images) {
  const Overlap overlap = overlap_of(reach, reaches_of(targets.box));
  const at::Tensor of_cells =
      options.score_is_overlap
          ? overlap_focal(logits, targets.confidence, overlap.iou.unsqueeze(-1), targets.weight.unsqueeze(-1))
          : penalty_reduced_focal(logits, targets.confidence);
  CenterLosses terms;
  terms.confidence = (targets.mask * of_cells).sum() * (options.confidence / global_images);
  const at::Tensor held_against =
      options.box_by_distance ? distance_overlap(reach, reaches_of(targets.box), overlap.iou) : overlap.generalised;
  terms.box = (targets.weight * (1 - held_against)).sum() * (options.box / global_images);
  return terms;
}

}  // namespace fastbox::models
