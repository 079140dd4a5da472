// What one cell adds to FastBox's loss, and the gradients of that: one source for CPU and GPU. Formulas: docs/model.md.
//
// Plain functions over memory that the caller owns; no state, so any thread may call them on different cells. C++17.
#pragma once

#include <cmath>
#include <cstdint>

#include "base/portable.hpp"

namespace fastbox::models {

/// confidence, box, delta confidence, delta box.
constexpr int loss_terms = 4;

/// Maps of B * gh * gw cells, all contiguous; C classes. For loss_sums.hpp.
template <typename Real>
struct LossMaps {
  using Number = Real;
  static constexpr int terms = loss_terms;
  const Number *logits, *box, *delta_logits, *delta_box;        ///< 1 + C, 4, 1 + C, 4 a cell
  const Number *confidence, *target_box, *mask, *weight;        ///< C, 4, C, 1 a cell
  Number *to_logits, *to_box, *to_delta_logits, *to_delta_box;  ///< gradients, as the outputs are
  double scales[loss_terms];                                    ///< what each term's sum is multiplied by
  double clip;                                                  ///< of the delta box's squares
  int classes;
};

/// Cross-entropy of the background and the classes, times `judged`; its gradient, times `scale` too. `truth`: C
/// numbers, each multiplied by `share`.
template <typename Number>
FASTBOX_PORTABLE Number cross_entropy_cell(const Number* logits, const Number* truth, Number share, int classes,
                                           Number judged, Number scale, Number* gradient) {
  Number most = logits[0], positive = 0;
  for (int k = 1; k <= classes; ++k) {
    most = logits[k] > most ? logits[k] : most;
    positive += truth[k - 1] * share;
  }
  Number sum = 0;
  for (int k = 0; k <= classes; ++k) sum += std::exp(logits[k] - most);
  const Number log_sum = std::log(sum), background = 1 - positive, all = background + positive;
  Number value = 0;
  for (int k = 0; k <= classes; ++k) {
    const Number log_p = logits[k] - most - log_sum, t = k == 0 ? background : truth[k - 1] * share;
    value -= t * log_p;
    gradient[k] = (std::exp(log_p) * all - t) * judged * scale;
  }
  return judged * value;
}

/// values[i]: what the cell adds to term i's sum. Writes the cell's gradients for an incoming one of 1 of each term.
/// The first prediction's box has a second one, from the term of the delta box: the same numbers as the delta box's
/// own.
template <typename Number>
FASTBOX_PORTABLE void loss_cell(const LossMaps<Number>& maps, std::int64_t cell, double (&values)[loss_terms]) {
  const int logits = 1 + maps.classes;
  const Number* const truth = maps.confidence + cell * maps.classes;
  const Number* const target = maps.target_box + 4 * cell;
  const Number *const box = maps.box + 4 * cell, *const delta = maps.delta_box + 4 * cell;
  const Number weight = maps.weight[cell], clip = static_cast<Number>(maps.clip);
  const Number scale_of_box = static_cast<Number>(maps.scales[1]), scale_of_delta = static_cast<Number>(maps.scales[3]);

  // A cell that any class does not judge is judged by none.
  Number judged = maps.mask[cell * maps.classes];
  for (int k = 1; k < maps.classes; ++k) {
    const Number other = maps.mask[cell * maps.classes + k];
    judged = other < judged ? other : judged;
  }

  Number distance = 0, squares = 0, relative_square = 0;
  for (int i = 0; i < 4; ++i) {
    const Number residual = target[i] - box[i], difference = residual - delta[i], square = difference * difference;
    if (i < 2) {
      const Number size = target[2 + i] < 1 ? Number(1) : target[2 + i], relative = residual / size;
      relative_square += relative * relative;
    }
    const bool clipped = square > clip;
    const int sign = (residual > 0) - (residual < 0);
    distance += residual < 0 ? -residual : residual;
    squares += clipped ? clip : square;
    maps.to_box[4 * cell + i] = -weight * static_cast<Number>(sign) * scale_of_box;
    maps.to_delta_box[4 * cell + i] = (clipped ? Number(0) : -weight) * 2 * difference * scale_of_delta;
  }
  // The first prediction is near enough for the second to be worth believing. A decision: no gradient.
  const Number inside = relative_square < static_cast<Number>(0.04) ? Number(1) : Number(0);

  values[0] = cross_entropy_cell(maps.logits + cell * logits, truth, Number(1), maps.classes, judged,
                                 static_cast<Number>(maps.scales[0]), maps.to_logits + cell * logits);
  values[1] = weight * distance;
  values[2] = cross_entropy_cell(maps.delta_logits + cell * logits, truth, inside, maps.classes, judged,
                                 static_cast<Number>(maps.scales[2]), maps.to_delta_logits + cell * logits);
  values[3] = weight * squares;
}

/// loss_cell's gradients as they lie in memory, the gradients of the four terms, and what comes of both.
template <typename Number>
struct LossGradients {
  const Number *logits, *box, *delta_logits, *delta_box;
  const Number* incoming[loss_terms];  ///< one number each
  Number *to_logits, *to_box, *to_delta_logits, *to_delta_box;
  int classes;
};

template <typename Number>
FASTBOX_PORTABLE void loss_gradient_cell(const LossGradients<Number>& maps, std::int64_t cell) {
  const int logits = 1 + maps.classes;
  for (std::int64_t i = cell * logits; i < (cell + 1) * logits; ++i) {
    maps.to_logits[i] = *maps.incoming[0] * maps.logits[i];
    maps.to_delta_logits[i] = *maps.incoming[2] * maps.delta_logits[i];
  }
  for (std::int64_t i = 4 * cell; i < 4 * (cell + 1); ++i) {
    const Number of_delta = *maps.incoming[3] * maps.delta_box[i];
    maps.to_box[i] = *maps.incoming[1] * maps.box[i] + of_delta;
    maps.to_delta_box[i] = of_delta;
  }
}

}  // namespace fastbox::models
