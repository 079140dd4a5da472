// What one cell adds to the center decoder's loss, and the gradients of that: one source for CPU and GPU. Formulas:
// docs/model.md, and center_loss.hpp by LibTorch's operators.
//
// Plain functions over memory that the caller owns; no state, so any thread may call them on different cells. C++17.
#pragma once

#include <cmath>
#include <cstdint>

#include "base/portable.hpp"

namespace fastbox::models {

/// Of a target's peak, from which on a cell is one of an object's inner ones: about a fifth of its width and height.
constexpr double inner_height = 0.5;

/// Maps of B * gh * gw cells, all contiguous; C classes. For loss_sums.hpp.
template <typename Real>
struct CenterLossMaps {
  using Number = Real;
  static constexpr int terms = 2;                  ///< confidence, box
  const Number *logits, *reach;                    ///< C, 4 a cell
  const Number *confidence, *box, *mask, *weight;  ///< C, 4, C, 1 a cell
  Number *to_logits, *to_reach;                    ///< gradients, as the outputs are
  double scales[terms];                            ///< what each term's sum is multiplied by
  int classes;
  bool score_is_overlap, box_by_distance;  ///< as in LossOptions
};

/// IoU of boxes that reach left, top, right and bottom of one point, and what is to be made as large as possible of them:
/// GIoU, or DIoU. Slopes as LibTorch's minimum, maximum and clamp_min have them: half where two are equal.
template <typename Number>
struct BoxOverlap {
  Number iou;
  Number held, slope[4];  ///< the latter: held's, by each of the four reaches
};

template <typename Number>
FASTBOX_PORTABLE BoxOverlap<Number> box_overlap(const Number* reach, const Number* truth, bool by_distance) {
  Number inner[4], outer[4], inner_share[4];
  for (int i = 0; i < 4; ++i) {
    const bool below = reach[i]<truth[i], above = reach[i]> truth[i];
    inner[i] = above ? truth[i] : reach[i];  // a NaN of the prediction stays one
    outer[i] = below ? truth[i] : reach[i];
    inner_share[i] = below ? Number(1) : above ? Number(0) : Number(0.5);
  }
  // Sides: across [0] and down [1].
  const auto sides = [](const Number* box, Number(&of)[2]) { of[0] = box[0] + box[2], of[1] = box[1] + box[3]; };
  Number own[2], wanted[2], shared_sides[2], hull_sides[2];
  sides(reach, own), sides(truth, wanted), sides(inner, shared_sides), sides(outer, hull_sides);
  const auto positive = [](Number side) { return side < 0 ? Number(0) : side; };
  const Number shared = positive(shared_sides[0]) * positive(shared_sides[1]);
  const Number joint = own[0] * own[1] + wanted[0] * wanted[1] - shared;
  const Number hull = hull_sides[0] * hull_sides[1];
  BoxOverlap<Number> result;
  result.iou = shared / joint;

  const Number filled = joint / hull;
  Number diagonal = 0, apart = 0, distances[2];
  for (int axis = 0; axis < 2; ++axis) {
    // Twice the centres' distance.
    distances[axis] = (reach[2 + axis] - reach[axis]) - (truth[2 + axis] - truth[axis]);
    apart += distances[axis] * distances[axis] / 4;
    diagonal += hull_sides[axis] * hull_sides[axis];
  }
  result.held = by_distance ? result.iou - apart / diagonal : result.iou - (hull - joint) / hull;
  for (int i = 0; i < 4; ++i) {
    const int axis = i % 2, other = 1 - axis;
    const Number of_shared = shared_sides[axis] < 0 ? Number(0) : inner_share[i] * positive(shared_sides[other]);
    const Number of_joint = own[other] - of_shared, outer_share = 1 - inner_share[i];
    const Number of_iou = (of_shared - result.iou * of_joint) / joint;
    if (by_distance) {
      const Number of_apart = (i < 2 ? -distances[axis] : distances[axis]) / 2;
      const Number of_diagonal = 2 * hull_sides[axis] * outer_share;
      result.slope[i] = of_iou - (of_apart - apart / diagonal * of_diagonal) / diagonal;
    } else {
      result.slope[i] = of_iou + (of_joint - filled * (outer_share * hull_sides[other])) / hull;
    }
  }
  return result;
}

/// A number and its slope.
template <typename Number>
struct Sloped {
  Number value, slope;
};

/// The loss of a class's logit against its truth t in 0..1, the cell's own box having the IoU `overlap`.
template <typename Number>
FASTBOX_PORTABLE Sloped<Number> focal_cell(Number logit, Number truth, Number overlap, Number weight,
                                           bool score_is_overlap) {
  const Number low = std::exp(logit < 0 ? logit : -logit);  // 0..1
  const Number log_of_sum = std::log1p(low);
  const Number log_p = (logit < 0 ? logit : Number(0)) - log_of_sum,  // log p
      log_none = (logit < 0 ? Number(0) : -logit) - log_of_sum;       // log (1 - p)
  const Number p = (logit < 0 ? low : Number(1)) / (1 + low), none = (logit < 0 ? Number(1) : low) / (1 + low);
  if (score_is_overlap && truth >= static_cast<Number>(inner_height)) {
    const Number root = std::sqrt(weight);
    return {-root * (overlap * log_p + (1 - overlap) * log_none), root * (p - overlap)};
  }
  if (!score_is_overlap && truth >= 1) return {-none * none * log_p, none * none * (2 * p * log_p - none)};
  const Number far = (1 - truth) * (1 - truth), share = far * far * p * p;
  return {-share * log_none, share * (p - 2 * none * log_none)};
}

/// values[i]: what the cell adds to term i's sum. Writes the cell's gradients for an incoming one of 1 of each term.
template <typename Number>
FASTBOX_PORTABLE void loss_cell(const CenterLossMaps<Number>& maps, std::int64_t cell,
                                double (&values)[CenterLossMaps<Number>::terms]) {
  const Number *const box = maps.box + 4 * cell, *const reach = maps.reach + 4 * cell;
  const Number weight = maps.weight[cell], sum_of_reach = reach[0] + reach[1] + reach[2] + reach[3];
  BoxOverlap<Number> overlap = {};
  // Most cells have no box to be held against. What is not finite is seen there as well.
  if (weight != 0 || sum_of_reach - sum_of_reach != 0) {
    Number truth[4];
    for (int axis = 0; axis < 2; ++axis) {
      const Number half = box[2 + axis] / 2;
      truth[axis] = half - box[axis], truth[2 + axis] = half + box[axis];
    }
    overlap = box_overlap(reach, truth, maps.box_by_distance);
  }
  const Number scale_of_confidence = static_cast<Number>(maps.scales[0]),
               scale_of_box = static_cast<Number>(maps.scales[1]);
  values[0] = 0;
  for (std::int64_t i = cell * maps.classes; i < (cell + 1) * maps.classes; ++i) {
    const auto of_class = focal_cell(maps.logits[i], maps.confidence[i], overlap.iou, weight, maps.score_is_overlap);
    values[0] += maps.mask[i] * of_class.value;
    maps.to_logits[i] = maps.mask[i] * of_class.slope * scale_of_confidence;
  }
  values[1] = weight * (1 - overlap.held);
  for (int i = 0; i < 4; ++i) maps.to_reach[4 * cell + i] = -weight * overlap.slope[i] * scale_of_box;
}

}  // namespace fastbox::models
