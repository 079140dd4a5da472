// The GPU's twin of max_pool.cpp: a thread moves eight channels of a maximum.

#include <ATen/ATen.h>
#include <c10/cuda/CUDAGuard.h>
#include <torch/library.h>

#include <limits>
#include <tuple>

#include "base/each_index.cuh"
#include "models/aligned_maps.hpp"
#include "models/max_pool_lanes.hpp"

namespace fastbox::models {
namespace {

template <typename Element>
struct Pool {
  const Element* x;
  PoolSizes sizes;
  Element* y;
  std::uint8_t* which;

  __device__ void operator()(std::int64_t maximum) const { pool_lanes(x, sizes, maximum, y, which); }
};

template <typename Element>
struct Spread {
  const Element* gradient;
  const std::uint8_t* which;
  PoolSizes sizes;
  Element* x;

  __device__ void operator()(std::int64_t maximum) const { spread_lanes(gradient, which, sizes, maximum, x); }
};

/// How many times eight channels of a maximum there are in y.
std::int64_t groups_of(const at::Tensor& y) {
  TORCH_CHECK(y.size(1) % lanes == 0, "max_pool2: ", y.size(1), " channels, expected a multiple of ", lanes);
  const std::int64_t count = y.numel() / lanes;
  TORCH_CHECK(count <= std::numeric_limits<std::uint32_t>::max(), "max_pool2: a batch of ", y.numel(),
              " maxima is too large");
  return count;
}

template <typename Element>
void pool(const at::Tensor& x, const at::Tensor& y, const at::Tensor& which) {
  each_index(groups_of(y), Pool<Element>{static_cast<const Element*>(x.const_data_ptr()),
                                         {x.size(2), x.size(3), x.size(1)},
                                         static_cast<Element*>(y.mutable_data_ptr()),
                                         which.numel() > 0 ? which.mutable_data_ptr<std::uint8_t>() : nullptr});
}

template <typename Element>
void spread(const at::Tensor& gradient, const at::Tensor& which, const at::Tensor& x) {
  each_index(groups_of(gradient), Spread<Element>{static_cast<const Element*>(gradient.const_data_ptr()),
                                                  which.const_data_ptr<std::uint8_t>(),
                                                  {x.size(2), x.size(3), x.size(1)},
                                                  static_cast<Element*>(x.mutable_data_ptr())});
}

bool is_float(const at::Tensor& maps) {
  TORCH_CHECK(maps.scalar_type() == at::kFloat || maps.scalar_type() == at::kBFloat16, "max_pool2: maps of ",
              maps.scalar_type(), ", expected float or bfloat16");
  return maps.scalar_type() == at::kFloat;
}

std::tuple<at::Tensor, at::Tensor> max_pool2_cuda(const at::Tensor& maps, bool indices) {
  const c10::cuda::CUDAGuard guard(maps.device());
  const at::Tensor x = aligned_maps(maps);
  const at::Tensor y =
      at::empty({x.size(0), x.size(1), x.size(2) / 2, x.size(3) / 2}, x.options(), at::MemoryFormat::ChannelsLast);
  const at::TensorOptions bytes = x.options().dtype(at::kByte);
  const at::Tensor which =
      indices ? at::empty(y.sizes(), bytes, at::MemoryFormat::ChannelsLast) : at::empty({0}, bytes);
  is_float(x) ? pool<float>(x, y, which) : pool<Bf16>(x, y, which);
  return {y, which};
}

at::Tensor max_pool2_backward_cuda(const at::Tensor& of_maxima, const at::Tensor& which, at::IntArrayRef sizes) {
  const c10::cuda::CUDAGuard guard(of_maxima.device());
  const at::Tensor gradient = aligned_maps(of_maxima);
  const at::Tensor x = at::empty(sizes, gradient.options(), at::MemoryFormat::ChannelsLast);
  // Pixels beyond the last whole pair have no part in it.
  if (sizes[2] % 2 != 0 || sizes[3] % 2 != 0) x.zero_();
  is_float(gradient) ? spread<float>(gradient, which, x) : spread<Bf16>(gradient, which, x);
  return x;
}

}  // namespace
}  // namespace fastbox::models

TORCH_LIBRARY_IMPL(fastbox, CUDA, library) {
  library.impl("max_pool2", &fastbox::models::max_pool2_cuda);
  library.impl("max_pool2_backward", &fastbox::models::max_pool2_backward_cuda);
}
