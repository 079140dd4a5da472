#include "train/adam_kernel.hpp"

#include <cmath>

#include "base/vector_clones.hpp"

namespace fastbox::train {
namespace {

template <typename Number>
[[gnu::always_inline]] inline void step(Number* __restrict w, const Number* __restrict g, Number* __restrict m,
                                        Number* __restrict v, std::int64_t count, const AdamFactors<Number>& factors) {
  const AdamFactors<Number> f = factors;
  for (std::int64_t i = 0; i < count; ++i) {
    const Number scaled = g[i] * f.gradient_scale;
    m[i] = f.beta1 * m[i] + f.one_minus_beta1 * scaled;
    v[i] = f.beta2 * v[i] + f.one_minus_beta2 * scaled * scaled;
    w[i] -= f.step_size * m[i] / (std::sqrt(v[i]) + f.epsilon);
  }
}

}  // namespace

FASTBOX_VECTOR_CLONES void adam_kernel(float* w, const float* g, float* m, float* v, std::int64_t count,
                                       const AdamFactors<float>& factors) {
  step(w, g, m, v, count, factors);
}

FASTBOX_VECTOR_CLONES void adam_kernel(double* w, const double* g, double* m, double* v, std::int64_t count,
                                       const AdamFactors<double>& factors) {
  step(w, g, m, v, count, factors);
}

}  // namespace fastbox::train
