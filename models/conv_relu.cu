// The GPU's twin of conv_relu.cpp.
//
// The passes over maps share them out as conv_relu_kernel.hpp says: coalesced loads of 16 bytes, sums in registers,
// then in shared memory, then in a second small kernel. No atomics.

#include <ATen/ATen.h>
#include <c10/cuda/CUDAGuard.h>
#include <torch/library.h>

#include <cstdint>
#include <tuple>

#include "base/launch.cuh"
#include "models/aligned_maps.hpp"
#include "models/conv_relu_kernel.hpp"
#include "models/fused_convolution.cuh"
#include "models/map_place.cuh"

namespace fastbox::models {
namespace {

constexpr int channels_of_block = 32;  // of the second kernel, whose threads are one for each channel and group
constexpr int threads_of_sums = channels_of_block * groups_of_stretches;

template <typename Element, int width>
struct alignas(width * sizeof(Element)) Pack {
  Element values[width];
};

/// A block: stretch blockIdx.x, tile blockIdx.y. `sums`: stretches x channels.
template <typename Element, int width>
__global__ void __launch_bounds__(threads_of_maps)
    mask_kernel(const Element* __restrict__ gradient, const Element* __restrict__ y, MapShares shares,
                Element* __restrict__ masked, float* __restrict__ sums) {
  using Vector = Pack<Element, width>;
  __shared__ float of_lanes[threads_of_maps * width];
  const Place place(shares, width);
  const std::int64_t row = shares.vectors * width, first = blockIdx.y * row;
  if (place.exists) {
    float sum[width] = {};
    const std::int64_t end = end_of_stretch(shares, blockIdx.x);
    for (std::int64_t pixel = blockIdx.x * shares.stretch + place.lane; pixel < end; pixel += shares.lanes) {
      const std::int64_t at = pixel * shares.channels + place.channel;
      const Vector from = *reinterpret_cast<const Vector*>(gradient + at);
      const Vector given = *reinterpret_cast<const Vector*>(y + at);
      Vector to;
#pragma unroll
      for (int i = 0; i < width; ++i) {
        to.values[i] = masked_by_relu(from.values[i], given.values[i]);
        sum[i] += static_cast<float>(to.values[i]);
      }
      *reinterpret_cast<Vector*>(masked + at) = to;
    }
#pragma unroll
    for (int i = 0; i < width; ++i) of_lanes[place.lane * row + place.channel - first + i] = sum[i];
  }
  __syncthreads();
  for (std::int64_t c = threadIdx.x; c < row && first + c < shares.channels; c += threads_of_maps) {
    float sum = 0;
    for (std::int64_t lane = 0; lane < shares.lanes; ++lane) sum += of_lanes[lane * row + c];
    sums[blockIdx.x * shares.channels + first + c] = sum;
  }
}

/// A block: channels_of_block channels (x) times groups_of_stretches groups (y).
__global__ void __launch_bounds__(threads_of_sums)
    sum_kernel(const float* __restrict__ sums, MapShares shares, float* __restrict__ of_bias) {
  __shared__ float of_groups[groups_of_stretches][channels_of_block];
  const std::int64_t channel = static_cast<std::int64_t>(blockIdx.x) * channels_of_block + threadIdx.x;
  if (channel < shares.channels) of_groups[threadIdx.y][threadIdx.x] = sum_of_group(sums, shares, channel, threadIdx.y);
  __syncthreads();
  if (threadIdx.y != 0 || channel >= shares.channels) return;
  float sum = 0;
  for (int group = 0; group < groups_of_stretches; ++group) sum += of_groups[group][threadIdx.x];
  of_bias[channel] = sum;
}

/// A block: as mask_kernel's.
template <typename Element, int width>
__global__ void __launch_bounds__(threads_of_maps)
    add_bias_kernel(Element* __restrict__ y, const Element* __restrict__ bias, MapShares shares) {
  using Vector = Pack<Element, width>;
  const Place place(shares, width);
  if (!place.exists) return;
  Element added[width];
#pragma unroll
  for (int i = 0; i < width; ++i) added[i] = bias[place.channel + i];
  const std::int64_t end = end_of_stretch(shares, blockIdx.x);
  for (std::int64_t pixel = blockIdx.x * shares.stretch + place.lane; pixel < end; pixel += shares.lanes) {
    auto* const at = reinterpret_cast<Vector*>(y + pixel * shares.channels + place.channel);
    Vector value = *at;
#pragma unroll
    for (int i = 0; i < width; ++i) value.values[i] = biased_relu(value.values[i], added[i]);
    *at = value;
  }
}

dim3 blocks_of(const MapShares& shares) {
  return dim3(static_cast<unsigned>(shares.stretches), static_cast<unsigned>(shares.tiles));
}

template <typename Element, int width>
void mask_and_sum(const at::Tensor& gradient, const at::Tensor& y, at::Tensor& masked, at::Tensor& of_bias) {
  const std::int64_t channels = y.size(1);
  const MapShares shares = share_out(y.numel() / channels, channels, width);
  at::Tensor sums = at::empty({shares.stretches, channels}, of_bias.options());
  launch(mask_kernel<Element, width>, {blocks_of(shares), threads_of_maps}, gradient.const_data_ptr<Element>(),
         y.const_data_ptr<Element>(), shares, masked.mutable_data_ptr<Element>(), sums.mutable_data_ptr<float>());
  const auto blocks = static_cast<unsigned>((channels + channels_of_block - 1) / channels_of_block);
  launch(sum_kernel, {blocks, dim3(channels_of_block, groups_of_stretches)}, sums.const_data_ptr<float>(), shares,
         of_bias.mutable_data_ptr<float>());
}

template <typename Element, int width>
void add_bias(at::Tensor& y, const at::Tensor& bias) {
  const std::int64_t channels = y.size(1);
  const MapShares shares = share_out(y.numel() / channels, channels, width);
  launch(add_bias_kernel<Element, width>, {blocks_of(shares), threads_of_maps}, y.mutable_data_ptr<Element>(),
         bias.const_data_ptr<Element>(), shares);
}

template <typename Element>
constexpr int full_width = 16 / sizeof(Element);

template <typename Element>
bool is_even(const at::Tensor& maps) {
  return vector_width<Element>(maps.size(1)) == full_width<Element>;
}

std::tuple<at::Tensor, at::Tensor> relu_bias_backward_cuda(const at::Tensor& gradient, const at::Tensor& y) {
  const c10::cuda::CUDAGuard guard(y.device());
  const at::Tensor from = aligned_maps(gradient), given = aligned_maps(y);
  at::Tensor masked = at::empty(from.sizes(), from.options(), at::MemoryFormat::ChannelsLast);
  at::Tensor of_bias = at::empty({y.size(1)}, y.options().dtype(at::kFloat));
  const auto work = [&](auto element) {
    using Element = decltype(element);
    is_even<Element>(y) ? mask_and_sum<Element, full_width<Element>>(from, given, masked, of_bias)
                        : mask_and_sum<Element, 1>(from, given, masked, of_bias);
  };
  y.scalar_type() == at::kFloat ? work(float()) : work(at::BFloat16());
  return {masked, of_bias};
}

void add_bias_relu_cuda(at::Tensor& y, const at::Tensor& bias) {
  TORCH_CHECK(y.is_contiguous(at::MemoryFormat::ChannelsLast),
              "add_bias_relu_: maps in another order than channels-last");
  TORCH_CHECK(is_aligned(y), "add_bias_relu_: maps begin at no 16 bytes");
  const c10::cuda::CUDAGuard guard(y.device());
  const auto work = [&](auto element) {
    using Element = decltype(element);
    is_even<Element>(y) ? add_bias<Element, full_width<Element>>(y, bias) : add_bias<Element, 1>(y, bias);
  };
  y.scalar_type() == at::kFloat ? work(float()) : work(at::BFloat16());
}

at::Tensor conv_relu_cuda(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, at::IntArrayRef stride,
                          at::IntArrayRef padding) {
  const c10::cuda::CUDAGuard guard(x.device());
  const FusedConvolution operands{x, weight, bias.to(x.scalar_type()).contiguous(), stride, padding};
  const auto in_two_steps = [&] {
    at::Tensor y = at::conv2d(x, weight, {}, stride, padding).contiguous(at::MemoryFormat::ChannelsLast);
    add_bias_relu_cuda(y, operands.bias);
    return y;
  };
  return pays(operands, in_two_steps) ? run_fused(operands) : in_two_steps();
}

}  // namespace
}  // namespace fastbox::models

TORCH_LIBRARY_IMPL(fastbox, CUDA, library) {
  library.impl("conv_relu", &fastbox::models::conv_relu_cuda);
  library.impl("conv_relu_mask", &fastbox::models::relu_bias_backward_cuda);
  library.impl("relu_bias_backward", &fastbox::models::relu_bias_backward_cuda);
  library.impl("add_bias_relu_", &fastbox::models::add_bias_relu_cuda);
}
