// The inner loop of adam_step on the CPU. A file of its own because it is compiled with flags of its own: the square root
// need not set errno, so that the loop becomes vectors. No torch. Thread-safe for distinct stretches.
#pragma once

#include <cstdint>

#include "models/maps.hpp"
#include "train/adam_element.hpp"

namespace fastbox::train {

/// adam_element of `count` elements; no two buffers may overlap. `rounded`: the new weights in bf16, or null.
void adam_kernel(float* w, const float* g, float* m, float* v, models::Bf16* rounded, std::int64_t count,
                 const AdamFactors<float>& factors);
void adam_kernel(double* w, const double* g, double* m, double* v, std::int64_t count,
                 const AdamFactors<double>& factors);

}  // namespace fastbox::train
