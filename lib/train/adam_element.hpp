// Adam's arithmetic for one element, as the CPU and a GPU compile it. Formulas: adam_step.hpp.
//
// Pure functions (base/portable.hpp), no torch. The order of operations is the result's bits.
#pragma once

#include <cmath>

#include "base/portable.hpp"

namespace fastbox::train {

/// The numbers of one step in the elements' own type.
template <typename Number>
struct AdamFactors {
  Number step_size, beta1, beta2, one_minus_beta1, one_minus_beta2, epsilon, gradient_scale;
  Number kept;  ///< of a weight, before the step: 1 where nothing decays
};

/// Rounded once each, from double.
template <typename Number>
AdamFactors<Number> adam_factors(double step_size, double beta1, double beta2, double epsilon, double gradient_scale,
                                 double kept) {
  return {static_cast<Number>(step_size),      static_cast<Number>(beta1),     static_cast<Number>(beta2),
          static_cast<Number>(1 - beta1),      static_cast<Number>(1 - beta2), static_cast<Number>(epsilon),
          static_cast<Number>(gradient_scale), static_cast<Number>(kept)};
}

template <typename Number>
struct AdamElement {
  Number w, m, v;
};

/// What the step makes of weight w and moments m and v, g being the gradient as it came.
template <typename Number>
FASTBOX_PORTABLE AdamElement<Number> adam_element(Number w, Number g, Number m, Number v,
                                                  const AdamFactors<Number>& f) {
  const Number scaled = g * f.gradient_scale;
  const Number first = f.beta1 * m + f.one_minus_beta1 * scaled;
  const Number second = f.beta2 * v + f.one_minus_beta2 * scaled * scaled;
  return {w * f.kept - f.step_size * first / (std::sqrt(second) + f.epsilon), first, second};
}

/// `from` moved by `share` (0 .. 1) of the way to `to`; exact at both ends, as torch's lerp.
template <typename Number>
FASTBOX_PORTABLE Number moved_towards(Number from, Number to, Number share) {
  return share < Number(0.5) ? from + share * (to - from) : to - (to - from) * (Number(1) - share);
}

}  // namespace fastbox::train
