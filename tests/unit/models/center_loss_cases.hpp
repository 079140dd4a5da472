// Random outputs, targets and gradients of the center decoder's loss, for its tests on the CPU and on GPUs.
//
// Test processes only; one thread.
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "models/center_loss.hpp"
#include "unit/models/random_cells.hpp"

namespace fastbox::test {

struct CenterLossCase {
  std::int64_t images = 1, classes = 1;
  bool score_is_overlap = false, box_by_distance = false;
  at::ScalarType type = at::kDouble;
};

struct CenterLossInput {
  at::Tensor logits, reach;
  models::Targets targets;
  models::LossOptions options;
};

/// A third of the cells have a box; of these some are met
/// exactly, some from one side only, and some not at all; some peaks are whole. Empty boxes elsewhere, as in the targets.
inline CenterLossInput made_center_losses(const CenterLossCase& of) {
  RandomCells cells(static_cast<std::uint64_t>(11 + of.images + 10 * of.classes), of.images);
  const at::Tensor has_box = (cells.uniform(1, 0, 1) < 0.33).to(at::kDouble);
  const at::Tensor box = at::cat({cells.normal(2, 12), cells.uniform(2, 4, 90)}, -1) * has_box;
  const at::Tensor truth = models::reaches_of(box);
  const at::Tensor is_met = (cells.uniform(4, 0, 1) < 0.2).logical_and(has_box > 0).logical_and(truth > 0);
  CenterLossInput input;
  input.logits = cells.normal(of.classes, 4);
  input.reach = at::where(is_met, truth, cells.uniform(4, 0.05, 60));
  input.targets.confidence = cells.uniform(of.classes, 0, 1.2).clamp_max(1);
  input.targets.box = box;
  input.targets.mask = (cells.uniform(of.classes, 0, 1) > 0.2).to(at::kDouble);
  input.targets.weight = (has_box * cells.uniform(1, 0.1, 3)).squeeze(-1);
  for (at::Tensor* map : {&input.logits, &input.reach, &input.targets.confidence, &input.targets.box,
                          &input.targets.mask, &input.targets.weight})
    *map = map->to(of.type);
  input.options.confidence = 2, input.options.box = 5;
  input.options.score_is_overlap = of.score_is_overlap;
  input.options.box_by_distance = of.box_by_distance;
  return input;
}

inline CenterLossInput moved(const CenterLossInput& input, c10::Device device) {
  CenterLossInput there = input;
  for (at::Tensor* map : {&there.logits, &there.reach, &there.targets.confidence, &there.targets.box,
                          &there.targets.mask, &there.targets.weight})
    *map = map->to(device);
  return there;
}

/// All cases of a type that the decoder has.
template <typename Check>
void for_center_cases(at::ScalarType type, const Check& check) {
  for (const std::int64_t images : {1, 3})
    for (const std::int64_t classes : {1, 3})
      for (const bool score_is_overlap : {false, true})
        for (const bool box_by_distance : {false, true})
          check(CenterLossCase{images, classes, score_is_overlap, box_by_distance, type});
}

/// Both terms, and the gradients of logits and reach where each term counts differently.
struct CenterLossResults {
  std::vector<at::Tensor> numbers;
};

template <typename Losses>
CenterLossResults run_center_losses(const Losses& losses, const CenterLossInput& input) {
  const at::Tensor logits = input.logits.detach().clone().requires_grad_(),
                   reach = input.reach.detach().clone().requires_grad_();
  const models::CenterLosses terms = losses(logits, reach, input.targets, input.options, 8.0);
  (terms.confidence - 0.5 * terms.box).backward();
  return {{terms.confidence.detach().cpu(), terms.box.detach().cpu(), logits.grad().cpu(), reach.grad().cpu()}};
}

}  // namespace fastbox::test
