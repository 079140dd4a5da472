// Random outputs, targets and gradients of FastBox's loss, for its tests on the CPU and on GPUs.
//
// Test processes only; one thread.
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "models/loss.hpp"
#include "unit/models/random_cells.hpp"

namespace fastbox::test {

struct LossCase {
  std::int64_t images = 1, classes = 1;
  double clip = 100;
  at::ScalarType type = at::kDouble;
};

struct LossInput {
  models::Output out;
  models::Targets targets;
  models::LossOptions options;
};

inline LossInput made_losses(const LossCase& of) {
  RandomCells cells(static_cast<std::uint64_t>(7 + of.images + 10 * of.classes), of.images);
  // A third of the cells are of no class.
  const at::Tensor which = cells.whole(of.classes * 3) / 2;
  const at::Tensor number = which.to(at::kLong).unsqueeze(-1);
  const at::Tensor confidence = (number == at::arange(of.classes, at::kLong)).to(at::kDouble);
  const at::Tensor weight = confidence.sum(-1);
  const at::Tensor target = at::cat({cells.normal(2, 30), cells.uniform(2, 0.2, 150)}, -1) * weight.unsqueeze(-1);
  const at::Tensor residual = cells.normal(4, 8) * (cells.uniform(4, 0, 1) > 0.1).to(at::kDouble);  // a tenth is exact
  LossInput input;
  input.out = {cells.normal(1 + of.classes, 3), target - residual, cells.normal(1 + of.classes, 20),
               cells.normal(4, 8)};
  input.targets = {confidence, target, (cells.uniform(of.classes, 0, 1) > 0.2).to(at::kDouble), weight};
  for (at::Tensor* map : {&input.out.logits, &input.out.box, &input.out.delta_logits, &input.out.delta_box,
                          &input.targets.confidence, &input.targets.box, &input.targets.mask, &input.targets.weight})
    *map = map->to(of.type);
  input.options.delta_box_clip = of.clip;
  return input;
}

inline LossInput moved(const LossInput& input, c10::Device device) {
  LossInput there = input;
  for (at::Tensor* map : {&there.out.logits, &there.out.box, &there.out.delta_logits, &there.out.delta_box,
                          &there.targets.confidence, &there.targets.box, &there.targets.mask, &there.targets.weight})
    *map = map->to(device);
  return there;
}

/// The four terms over cells, and the gradients of logits, box, delta logits, delta box where each term counts
/// differently.
struct LossResults {
  std::vector<at::Tensor> terms, gradients;
};

template <typename Losses>
LossResults run_losses(const Losses& losses, const LossInput& input) {
  models::Output out = input.out;
  const std::vector<at::Tensor*> maps = {&out.logits, &out.box, &out.delta_logits, &out.delta_box};
  for (at::Tensor* map : maps) *map = map->detach().clone().requires_grad_();
  const models::Losses terms = losses(out, input.targets, std::vector<at::Tensor>{}, input.options, 8.0);
  (terms.confidence + 2 * terms.box - 0.5 * terms.delta_confidence + 3 * terms.delta_box).backward();
  LossResults results;
  for (const at::Tensor& term : {terms.confidence, terms.box, terms.delta_confidence, terms.delta_box})
    results.terms.push_back(term.detach().cpu());
  for (at::Tensor* map : maps) results.gradients.push_back(map->grad().cpu());
  return results;
}

/// The largest difference as a share of the largest absolute value.
inline double worst(const at::Tensor& ours, const at::Tensor& reference) {
  const at::Tensor a = ours.to(at::kDouble), b = reference.to(at::kDouble);
  const double scale = b.abs().max().item<double>(), difference = (a - b).abs().max().item<double>();
  return scale > 0 ? difference / scale : difference;
}

}  // namespace fastbox::test
