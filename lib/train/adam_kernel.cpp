#include "train/adam_kernel.hpp"

#include <type_traits>

#include "base/vector_clones.hpp"
#include "models/portable_lanes.hpp"

namespace fastbox::train {
namespace {

template <typename Number>
[[gnu::always_inline]] inline void step(Number* __restrict w, const Number* __restrict g, Number* __restrict m,
                                        Number* __restrict v, models::Bf16* __restrict rounded, std::int64_t count,
                                        const AdamFactors<Number>& factors) {
  const AdamFactors<Number> f = factors;
  for (std::int64_t i = 0; i < count; ++i) {
    const AdamElement<Number> next = adam_element(w[i], g[i], m[i], v[i], f);
    m[i] = next.m;
    v[i] = next.v;
    w[i] = next.w;
    if constexpr (std::is_same_v<Number, float>)
      if (rounded != nullptr) models::round_to(next.w, rounded[i]);
  }
}

}  // namespace

FASTBOX_VECTOR_CLONES void adam_kernel(float* w, const float* g, float* m, float* v, models::Bf16* rounded,
                                       std::int64_t count, const AdamFactors<float>& factors) {
  step(w, g, m, v, rounded, count, factors);
}

FASTBOX_VECTOR_CLONES void adam_kernel(double* w, const double* g, double* m, double* v, std::int64_t count,
                                       const AdamFactors<double>& factors) {
  step(w, g, m, v, nullptr, count, factors);
}

}  // namespace fastbox::train
