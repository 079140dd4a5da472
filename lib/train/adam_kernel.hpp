// The inner loop of adam_step on the CPU. A file of its own because it is compiled with flags of its own: the square root
// need not set errno, so that the loop becomes vectors. No torch. Thread-safe for distinct stretches.
#pragma once

#include <cstdint>

namespace fastbox::train {

template <typename Number>
struct AdamFactors {
  Number step_size, beta1, beta2, one_minus_beta1, one_minus_beta2, epsilon, gradient_scale;
};

/// adam_step.hpp's formulas for `count` elements; no two buffers may overlap.
void adam_kernel(float* w, const float* g, float* m, float* v, std::int64_t count, const AdamFactors<float>& factors);
void adam_kernel(double* w, const double* g, double* m, double* v, std::int64_t count,
                 const AdamFactors<double>& factors);

}  // namespace fastbox::train
