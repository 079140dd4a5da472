// The GPU's twin of adam_step.cpp: one kernel, every tensor read and written once.

#include <ATen/ATen.h>
#include <ATen/Dispatch.h>
#include <c10/cuda/CUDAGuard.h>
#include <torch/library.h>

#include <optional>
#include <type_traits>

#include "base/each_index.cuh"
#include "models/portable_lanes.hpp"
#include "train/adam_element.hpp"

namespace {

template <typename Number>
struct AdamUpdate {
  Number* w;
  const Number* g;
  Number *m, *v, *average;         // average: null where there is none
  fastbox::models::Bf16* rounded;  // null where none is asked for, as of doubles
  const std::uint8_t* decays;      // null where nothing decays
  int block_bits;                  // of elements: 2^block_bits have one of them
  Number average_share;
  fastbox::train::AdamFactors<Number> factors;

  __device__ void operator()(std::int64_t i) const {
    fastbox::train::AdamFactors<Number> f = factors;
    if (decays == nullptr || decays[i >> block_bits] == 0) f.kept = 1;
    const auto next = fastbox::train::adam_element(w[i], g[i], m[i], v[i], f);
    w[i] = next.w;
    m[i] = next.m;
    v[i] = next.v;
    if constexpr (std::is_same_v<Number, float>)
      if (rounded != nullptr) fastbox::models::round_to(next.w, rounded[i]);
    if (average != nullptr) average[i] = fastbox::train::moved_towards(average[i], next.w, average_share);
  }
};

int bits_of(std::int64_t power_of_two) {
  int bits = 0;
  while ((std::int64_t{1} << bits) < power_of_two) ++bits;
  return bits;
}

void adam_step_cuda(at::Tensor& parameters, const at::Tensor& gradient, at::Tensor& m, at::Tensor& v,
                    const std::optional<at::Tensor>& decays, const std::optional<at::Tensor>& average,
                    const std::optional<at::Tensor>& rounded, double step_size, double beta1, double beta2,
                    double epsilon, double gradient_scale, std::int64_t block, double kept, double average_share) {
  const c10::cuda::CUDAGuard guard(parameters.device());
  AT_DISPATCH_FLOATING_TYPES(parameters.scalar_type(), "adam_step", [&] {
    AdamUpdate<scalar_t> update{};
    update.w = parameters.data_ptr<scalar_t>();
    update.g = gradient.const_data_ptr<scalar_t>();
    update.m = m.data_ptr<scalar_t>();
    update.v = v.data_ptr<scalar_t>();
    update.average = average ? average->data_ptr<scalar_t>() : nullptr;
    if (rounded) update.rounded = reinterpret_cast<fastbox::models::Bf16*>(rounded->data_ptr<at::BFloat16>());
    update.decays = decays ? decays->const_data_ptr<std::uint8_t>() : nullptr;
    update.block_bits = bits_of(block);
    update.average_share = static_cast<scalar_t>(average_share);
    update.factors = fastbox::train::adam_factors<scalar_t>(step_size, beta1, beta2, epsilon, gradient_scale, kept);
    fastbox::each_index(parameters.numel(), update);
  });
}

}  // namespace

TORCH_LIBRARY_IMPL(fastbox, CUDA, library) {
  library.impl("adam_step", &adam_step_cuda);
}
