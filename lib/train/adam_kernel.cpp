#include "train/adam_kernel.hpp"

#include "base/vector_clones.hpp"

namespace fastbox::train {
namespace {

template <typename Number>
[[gnu::always_inline]] inline void step(Number* __restrict w, const Number* __restrict g, Number* __restrict m,
                                        Number* __restrict v, std::int64_t count, const AdamFactors<Number>& factors) {
  const AdamFactors<Number> f = factors;
  for (std::int64_t i = 0; i < count; ++i) {
    const AdamElement<Number> next = adam_element(w[i], g[i], m[i], v[i], f);
    m[i] = next.m;
    v[i] = next.v;
    w[i] = next.w;
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
