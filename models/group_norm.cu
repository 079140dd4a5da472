// The GPU's twin of group_norm.cpp. The same passes over maps, each read and written once; sums in an order of its own,
// which follows from an image's maps alone.
//
// A thread moves a group's eight channels of a pixel.

#include <ATen/ATen.h>
#include <c10/cuda/CUDAGuard.h>
#include <torch/library.h>

#include <limits>
#include <optional>
#include <tuple>

#include "base/each_index.cuh"
#include "base/warp.cuh"
#include "models/aligned_maps.hpp"
#include "models/group_norm_kernel.hpp"
#include "models/group_norm_tensors.hpp"
#include "models/map_place.cuh"
#include "models/portable_lanes.hpp"

namespace fastbox::models {
namespace {

/// Of all images' maps. `of_image`: one image's, as blocks share them out.
struct Maps {
  std::int64_t images, pixels, groups;
  MapShares of_image;

  explicit Maps(const at::Tensor& x)
      : images(x.size(0)),
        pixels(x.size(2) * x.size(3)),
        groups(x.size(1) / channels_per_group),
        of_image(share_out(pixels, x.size(1), channels_per_group)) {
    TORCH_CHECK(images * pixels * groups <= std::numeric_limits<std::uint32_t>::max() && images <= 65535,
                "group_norm: a batch of ", x.sizes(), " is too large");
  }

  dim3 blocks() const {
    return dim3(static_cast<unsigned>(of_image.stretches), static_cast<unsigned>(of_image.tiles),
                static_cast<unsigned>(images));
  }
  std::int64_t threads() const { return images * pixels * groups; }
  __device__ double count() const { return static_cast<double>(pixels * channels_per_group); }
};

/// What thread i of all moves: a group of a pixel.
struct Spot {
  std::uint32_t group, image;

  __device__ Spot(const Maps& maps, std::int64_t i) {
    const auto number = static_cast<std::uint32_t>(i), groups = static_cast<std::uint32_t>(maps.groups);
    group = number % groups;
    image = number / groups / static_cast<std::uint32_t>(maps.pixels);
  }
  __device__ std::int64_t of_images_groups(const Maps& maps) const {
    return static_cast<std::int64_t>(image) * maps.groups + group;
  }
};

/// images x groups each.
struct Moments {
  float *mean, *inverse_deviation;
};

/// Where a stretch's sum `which` of `each` of a group goes: images x groups x each x stretches.
__device__ std::int64_t sum_at(const Maps& maps, std::int64_t image, std::int64_t group, int each, int which) {
  return ((image * maps.groups + group) * each + which) * maps.of_image.stretches;
}

/// A block: a stretch (x) and a tile (y) of an image (z). Sums and sums of squares of each group.
template <typename Element>
__global__ void __launch_bounds__(threads_of_maps) sum_kernel(const Element* __restrict__ x, Maps maps, float* sums) {
  __shared__ float of_lanes[threads_of_maps * 2];
  const MapShares& shares = maps.of_image;
  const Place place(shares, channels_per_group);
  const std::int64_t image = blockIdx.z, stretch = blockIdx.x;
  float* const own = of_lanes + threadIdx.x * 2;
  own[0] = own[1] = 0;
  if (place.exists) {
    float total = 0, squares = 0;
    const std::int64_t end = end_of_stretch(shares, stretch);
    for (std::int64_t pixel = stretch * shares.stretch + place.lane; pixel < end; pixel += shares.lanes) {
      const auto values = load_lanes(x + (image * shares.pixels + pixel) * shares.channels + place.channel);
      for (const float value : values.of) total += value, squares += value * value;
    }
    own[0] = total, own[1] = squares;
  }
  add_lanes<2>(shares, place, of_lanes);
  if (!place.exists || place.lane != 0) return;
  const std::int64_t group = place.channel / channels_per_group;
  for (int i = 0; i < 2; ++i) sums[sum_at(maps, image, group, 2, i) + stretch] = own[i];
}

/// The sum of a group's stretches, in a fixed order, by a warp: in its first thread.
__device__ double sum_of_warp(const float* __restrict__ of_stretches, std::int64_t stretches) {
  double sum = 0;
  for (std::int64_t i = threadIdx.x % warp_threads; i < stretches; i += warp_threads) sum += of_stretches[i];
  return fold_of_warp(sum);
}

/// A block of two warps, one for each sum: a group (x) of an image (y).
__global__ void moments_kernel(const float* __restrict__ sums, Maps maps, Moments moments) {
  __shared__ double of_group[2];
  const std::int64_t image = blockIdx.y, group = blockIdx.x;
  const int which = static_cast<int>(threadIdx.x) / warp_threads;
  const double sum = sum_of_warp(sums + sum_at(maps, image, group, 2, which), maps.of_image.stretches);
  if (threadIdx.x % warp_threads == 0) of_group[which] = sum;
  __syncthreads();
  if (threadIdx.x != 0) return;
  const GroupMoment found = moment_from(of_group[0], of_group[1], maps.count());
  moments.mean[image * maps.groups + group] = found.mean;
  moments.inverse_deviation[image * maps.groups + group] = found.inverse_deviation;
}

template <typename Element>
struct Normalise {
  const Element *x, *residual;  ///< residual: may be null
  const float *weight, *bias;
  Moments moments;
  Maps maps;
  bool activate;
  Element* y;

  __device__ void operator()(std::int64_t i) const {
    const Spot spot(maps, i);
    const float mean = moments.mean[spot.of_images_groups(maps)],
                over = moments.inverse_deviation[spot.of_images_groups(maps)];
    const auto scales = load_lanes(weight + spot.group * lanes), shifts = load_lanes(bias + spot.group * lanes);
    auto values = load_lanes(x + i * lanes);
    Lanes<float> others = {};
    if (residual != nullptr) others = load_lanes(residual + i * lanes);
    for (int lane = 0; lane < lanes; ++lane) {
      const float scale = scales.of[lane] * over;
      float value = values.of[lane] * scale + (shifts.of[lane] - scale * mean);
      if (residual != nullptr) value += others.of[lane];
      values.of[lane] = activate && value < 0 ? 0.0f : value;  // a NaN stays one
    }
    store_lanes(values, y + i * lanes);
  }
};

/// The gradient that a ReLU lets through: all of it without one, and where what it gave is a NaN.
template <typename Element>
__device__ Lanes<float> masked_lanes(const Element* gradient, const Element* y, std::int64_t at) {
  auto values = load_lanes(gradient + at);
  if (y == nullptr) return values;
  const auto given = load_lanes(y + at);
  for (int lane = 0; lane < lanes; ++lane)
    if (given.of[lane] <= 0) values.of[lane] = 0;
  return values;
}

constexpr int gradient_sums = 2 * channels_per_group;  // of a group: eight of g, then eight of g times x^

/// A block as sum_kernel's. `masked`: where g is written, null where nobody asks.
template <typename Element>
__global__ void __launch_bounds__(threads_of_maps)
    gradient_sum_kernel(const Element* __restrict__ gradient, const Element* __restrict__ y,
                        const Element* __restrict__ x, Moments moments, Maps maps, float* sums, Element* masked) {
  __shared__ float of_lanes[threads_of_maps * gradient_sums];
  const MapShares& shares = maps.of_image;
  const Place place(shares, channels_per_group);
  const std::int64_t image = blockIdx.z, stretch = blockIdx.x, group = place.channel / channels_per_group;
  float* const own = of_lanes + threadIdx.x * gradient_sums;
  float total[lanes] = {}, products[lanes] = {};
  if (place.exists) {
    const float mean = moments.mean[image * maps.groups + group];
    const std::int64_t end = end_of_stretch(shares, stretch);
    for (std::int64_t pixel = stretch * shares.stretch + place.lane; pixel < end; pixel += shares.lanes) {
      const std::int64_t at = (image * shares.pixels + pixel) * shares.channels + place.channel;
      const auto g = masked_lanes(gradient, y, at), values = load_lanes(x + at);
      if (masked != nullptr) store_lanes(g, masked + at);
      for (int lane = 0; lane < lanes; ++lane) {
        total[lane] += g.of[lane];
        products[lane] += g.of[lane] * (values.of[lane] - mean);
      }
    }
  }
  for (int lane = 0; lane < lanes; ++lane) own[lane] = total[lane], own[lanes + lane] = products[lane];
  add_lanes<gradient_sums>(shares, place, of_lanes);
  if (!place.exists || place.lane != 0) return;
  const float over = moments.inverse_deviation[image * maps.groups + group];
  for (int i = 0; i < gradient_sums; ++i)
    sums[sum_at(maps, image, group, gradient_sums, i) + stretch] = i < lanes ? own[i] : own[i] * over;
}

/// A block of gradient_sums warps, one for each sum: a group (x) of an image (y). `of_images`: images x 2 x channels.
__global__ void factors_kernel(const float* __restrict__ sums, const float* __restrict__ weight, Moments moments,
                               Maps maps, double* of_images, GradientFactors* factors) {
  __shared__ double of_group[gradient_sums];
  const std::int64_t image = blockIdx.y, group = blockIdx.x, channels = maps.groups * channels_per_group;
  const int which = static_cast<int>(threadIdx.x) / warp_threads;
  const double sum = sum_of_warp(sums + sum_at(maps, image, group, gradient_sums, which), maps.of_image.stretches);
  if (threadIdx.x % warp_threads == 0) {
    of_group[which] = sum;
    of_images[(image * 2 + which / lanes) * channels + group * channels_per_group + which % lanes] = sum;
  }
  __syncthreads();
  if (threadIdx.x != 0) return;
  double of_gradient = 0, of_products = 0;
  for (int lane = 0; lane < lanes; ++lane) {
    const double w = weight[group * channels_per_group + lane];
    of_gradient += w * of_group[lane];
    of_products += w * of_group[lanes + lane];
  }
  const std::int64_t at = image * maps.groups + group;
  factors[at] = factors_from(of_gradient, of_products, {moments.mean[at], moments.inverse_deviation[at]}, maps.count());
}

template <typename Element>
struct Differentiate {
  const Element *gradient, *y, *x;  ///< y: null where there is nothing to mask
  const float* weight;
  const GradientFactors* factors;
  Maps maps;
  Element* to;

  __device__ void operator()(std::int64_t i) const {
    const Spot spot(maps, i);
    const GradientFactors f = factors[spot.of_images_groups(maps)];
    const auto weights = load_lanes(weight + spot.group * lanes), values = load_lanes(x + i * lanes);
    auto g = masked_lanes(gradient, y, i * lanes);
    for (int lane = 0; lane < lanes; ++lane)
      g.of[lane] = g.of[lane] * (weights.of[lane] * f.of_gradient) + (values.of[lane] * f.of_x + f.constant);
    store_lanes(g, to + i * lanes);
  }
};

/// For each channel of the weight's gradient and of the bias's.
struct AddImages {
  const double* of_images;
  std::int64_t images, channels;
  float *of_weight, *of_bias;

  __device__ void operator()(std::int64_t channel) const {
    double bias = 0, weight = 0;
    for (std::int64_t image = 0; image < images; ++image) {
      bias += of_images[image * 2 * channels + channel];
      weight += of_images[(image * 2 + 1) * channels + channel];
    }
    of_bias[channel] = static_cast<float>(bias);
    of_weight[channel] = static_cast<float>(weight);
  }
};

/// `moments`: images x 2 x groups on a CPU; here 2 x images x groups.
Moments moments_in(const at::Tensor& moments) {
  auto* const mean = moments.mutable_data_ptr<float>();
  return {mean, mean + moments.numel() / 2};
}

at::Tensor aligned_or_none(const std::optional<at::Tensor>& maps) {
  return maps && maps->defined() ? aligned_maps(*maps) : at::Tensor();
}

/// Vectors of weights are loaded by 16 bytes, and a parameter is a view of the flat ones.
at::Tensor aligned_weights(const at::Tensor& weights) {
  return is_aligned(weights) && weights.is_contiguous() ? weights : weights.clone(at::MemoryFormat::Contiguous);
}

std::tuple<at::Tensor, at::Tensor> group_norm_cuda(const at::Tensor& given, const at::Tensor& weight,
                                                   const at::Tensor& bias, const std::optional<at::Tensor>& residual,
                                                   bool activate) {
  const c10::cuda::CUDAGuard guard(given.device());
  const at::Tensor x = aligned_maps(given), added = aligned_or_none(residual), scale = aligned_weights(weight),
                   shift = aligned_weights(bias);
  const Maps maps(x);
  const at::Tensor y = at::empty_like(x), moments = at::empty({2, maps.images, maps.groups}, weight.options());
  const at::Tensor sums = at::empty({maps.images, maps.groups, 2, maps.of_image.stretches}, weight.options());
  with_element(x, [&](auto element) {
    using Element = decltype(element);
    launch(sum_kernel<Element>, {maps.blocks(), threads_of_maps}, elements<Element>(x), maps, elements<float>(sums));
    launch(moments_kernel,
           {dim3(static_cast<unsigned>(maps.groups), static_cast<unsigned>(maps.images)), 2 * warp_threads},
           elements<float>(sums), maps, moments_in(moments));
    each_index(maps.threads(),
               Normalise<Element>{elements<Element>(x), elements<Element>(added), elements<float>(scale),
                                  elements<float>(shift), moments_in(moments), maps, activate, elements<Element>(y)});
  });
  return {y, moments};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor> group_norm_backward_cuda(
    const at::Tensor& incoming, const at::Tensor& given, const at::Tensor& weight, const at::Tensor& moments,
    const std::optional<at::Tensor>& output, bool adds) {
  const c10::cuda::CUDAGuard guard(given.device());
  const at::Tensor x = aligned_maps(given), gradient = aligned_maps(incoming), y = aligned_or_none(output),
                   scale = aligned_weights(weight);
  const Maps maps(x);
  const std::int64_t channels = x.size(1), factor_bytes = sizeof(GradientFactors);
  const at::TensorOptions numbers = weight.options();
  const at::Tensor of_x = at::empty_like(x), of_weight = at::empty({channels}, numbers),
                   of_bias = at::empty({channels}, numbers);
  const at::Tensor masked = adds && y.defined() ? at::empty_like(x) : at::Tensor();
  const at::Tensor sums = at::empty({maps.images, maps.groups, gradient_sums, maps.of_image.stretches}, numbers),
                   of_images = at::empty({maps.images, 2, channels}, numbers.dtype(at::kDouble)),
                   factors = at::empty({maps.images, maps.groups, factor_bytes}, numbers.dtype(at::kByte));
  auto* const factors_in = static_cast<GradientFactors*>(factors.mutable_data_ptr());
  with_element(x, [&](auto element) {
    using Element = decltype(element);
    launch(gradient_sum_kernel<Element>, {maps.blocks(), threads_of_maps}, elements<Element>(gradient),
           elements<Element>(y), elements<Element>(x), moments_in(moments), maps, elements<float>(sums),
           elements<Element>(masked));
    launch(factors_kernel,
           {dim3(static_cast<unsigned>(maps.groups), static_cast<unsigned>(maps.images)), gradient_sums * warp_threads},
           elements<float>(sums), elements<float>(scale), moments_in(moments), maps, elements<double>(of_images),
           factors_in);
    // With the masked gradient written, it is read alone.
    const bool is_masked = masked.defined();
    each_index(maps.threads(),
               Differentiate<Element>{elements<Element>(is_masked ? masked : gradient),
                                      is_masked ? nullptr : elements<Element>(y), elements<Element>(x),
                                      elements<float>(scale), factors_in, maps, elements<Element>(of_x)});
  });
  each_index(channels, AddImages{elements<double>(of_images), maps.images, channels, elements<float>(of_weight),
                                 elements<float>(of_bias)});
  return {of_x, of_weight, of_bias, masked};
}

}  // namespace
}  // namespace fastbox::models

TORCH_LIBRARY_IMPL(fastbox, CUDA, library) {
  library.impl("group_norm", &fastbox::models::group_norm_cuda);
  library.impl("group_norm_backward", &fastbox::models::group_norm_backward_cuda);
}
