// Random outputs, targets and gradients of FastBox's loss, for its tests on the CPU and on GPUs.
//
// Test processes only; one thread.
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "models/layers.hpp"
#include "models/loss.hpp"

namespace fastbox::test {

struct LossCase {
  std::int64_t images = 1, classes = 1;
  double clip = 100;
  at::ScalarType type = at::kDouble;
};

/// On 12 x 39 cells, which are no whole number of blocks of the sum.
struct LossInput {
  models::Output out;
  models::Targets targets;
  models::LossOptions options;
};

inline LossInput made_losses(const LossCase& of) {
  auto generator = models::seeded_generator(static_cast<std::uint64_t>(7 + of.images + 10 * of.classes));
  const std::int64_t rows = 12, columns = 39;
  const auto sizes = [&](std::int64_t numbers) { return std::vector<std::int64_t>{of.images, rows, columns, numbers}; };
  const auto normal = [&](std::int64_t numbers, double deviation) {
    return at::empty(sizes(numbers), at::kDouble).normal_(0, deviation, generator);
  };
  const auto uniform = [&](std::int64_t numbers, double low, double high) {
    return at::empty(sizes(numbers), at::kDouble).uniform_(low, high, generator);
  };
  // A third of the cells are of no class.
  const at::Tensor which = at::empty({of.images, rows, columns}, at::kLong).random_(0, of.classes * 3, generator) / 2;
  const at::Tensor number = which.to(at::kLong).unsqueeze(-1);
  const at::Tensor confidence = (number == at::arange(of.classes, at::kLong)).to(at::kDouble);
  const at::Tensor weight = confidence.sum(-1);
  const at::Tensor target = at::cat({normal(2, 30), uniform(2, 0.2, 150)}, -1) * weight.unsqueeze(-1);
  const at::Tensor residual = normal(4, 8) * (uniform(4, 0, 1) > 0.1).to(at::kDouble);  // a tenth is exact
  LossInput input;
  input.out = {normal(1 + of.classes, 3), target - residual, normal(1 + of.classes, 20), normal(4, 8)};
  input.targets = {confidence, target, (uniform(of.classes, 0, 1) > 0.2).to(at::kDouble), weight};
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
