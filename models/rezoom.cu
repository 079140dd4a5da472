// The GPU's twin of rezoom.cpp: a thread moves eight channels of a sample or of a feature's gradient, a warp has a box.
//
// The features' gradient is gathered, pixel by pixel, from corners that a stable sort has put in order: no atomic sums.
// All sizes follow from the tensors' own, so all of it can be recorded in a CUDA graph.

#include <ATen/ATen.h>
#include <c10/cuda/CUDAGuard.h>
#include <torch/library.h>

#include <optional>
#include <tuple>

#include "base/each_index.cuh"
#include "base/warp.cuh"
#include "models/aligned_maps.hpp"
#include "models/rezoom_tensors.hpp"

namespace fastbox::models {
namespace {

template <typename Element>
struct SampleLanes {
  const Element* features;
  const NumberOf<Element>* boxes;
  ZoomSizes sizes;
  NumberOf<Element>* result;

  __device__ void operator()(std::int64_t i) const {
    const auto number = static_cast<std::uint32_t>(i), groups = static_cast<std::uint32_t>(sizes.groups());
    const auto sample = sample_of(boxes, sizes, number / groups);
    store_lanes(sampled_lanes(features + number % groups * lanes, sizes, sample), result + i * lanes);
  }
};

template <typename Number>
struct CornerShares {
  const Number* boxes;
  ZoomSizes sizes;
  std::int32_t* pixels;
  Number* shares;

  __device__ void operator()(std::int64_t point) const { corner_shares(boxes, sizes, point, pixels, shares); }
};

/// Where each pixel's corners begin, and after the last pixel's the end.
struct FirstCorner {
  const std::int32_t* sorted;
  std::int32_t count;
  std::int32_t* starts;

  __device__ void operator()(std::int64_t pixel) const {
    starts[pixel] = first_not_below(sorted, count, static_cast<std::int32_t>(pixel));
  }
};

template <typename Element>
struct GatherLanes {
  const NumberOf<Element>* gradient;
  std::int64_t channels;
  const std::int64_t* corners;
  const NumberOf<Element>* shares;
  const std::int32_t* starts;
  Element* to;

  __device__ void operator()(std::int64_t i) const {
    const auto number = static_cast<std::uint32_t>(i), groups = static_cast<std::uint32_t>(channels / lanes);
    const std::uint32_t pixel = number / groups;
    store_lanes(
        gathered_lanes(gradient + number % groups * lanes, channels, corners, shares, starts[pixel], starts[pixel + 1]),
        to + i * lanes);
  }
};

static_assert(zoom_parts == warp_threads);  // whose sum is fold<zoom_parts>'s

/// A warp a box: thread t has the groups t, t + 32, ... of channels.
template <typename Element>
__global__ void __launch_bounds__(threads_of_block)
    differentiate_boxes(const Element* features, const NumberOf<Element>* boxes, const NumberOf<Element>* gradient,
                        ZoomSizes sizes, NumberOf<Element>* to) {
  using Number = NumberOf<Element>;
  const std::int64_t box = (static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) / zoom_parts;
  const int thread = static_cast<int>(threadIdx.x) % zoom_parts;
  if (box >= sizes.boxes()) return;  // all of the warp
  Number sums[4] = {};
  for (int which = 0; which < zoom_points; ++which) {
    const std::int64_t point = box * zoom_points + which;
    const auto sample = sample_of(boxes, sizes, point);
    Slope<Number> part = {0, 0};
    for (std::int64_t group = thread; group < sizes.groups(); group += zoom_parts) {
      const std::int64_t c = group * lanes;
      const auto slope = slope_of_lanes(features + c, sizes, sample, gradient + point * sizes.channels + c);
      part.x += slope.x;
      part.y += slope.y;
    }
    const Number x = fold_of_warp(part.x), y = fold_of_warp(part.y);
    add_to_box<Number>(sample, {x, y}, which, sums);
  }
  if (thread != 0) return;
  for (int i = 0; i < 4; ++i) to[box * 4 + i] = sums[i];
}

/// A view may begin anywhere, and its pixels be any distance apart; threads move 16 bytes.
at::Tensor aligned_features(const at::Tensor& early) {
  const bool is_whole = early.stride(0) % lanes == 0 && early.stride(2) % lanes == 0 && early.stride(3) % lanes == 0;
  return is_whole && is_aligned(early) ? early : early.clone(at::MemoryFormat::ChannelsLast);
}

at::Tensor aligned_rows(const at::Tensor& tensor) {
  const at::Tensor dense = tensor.contiguous();
  return is_aligned(dense) ? dense : dense.clone();
}

ZoomSizes numbered_sizes(const at::Tensor& early, const at::Tensor& box) {
  const ZoomSizes sizes = zoom_sizes(early, box);
  TORCH_CHECK(is_numbered(sizes), "rezoom: a batch of features ", early.sizes(), " is too large");
  return sizes;
}

at::Tensor rezoom_cuda(const at::Tensor& features, const at::Tensor& box) {
  const c10::cuda::CUDAGuard guard(box.device());
  const at::Tensor early = aligned_features(features), boxes = box.contiguous();
  const ZoomSizes sizes = numbered_sizes(early, boxes);
  const at::Tensor result =
      at::empty({sizes.images, sizes.rows, sizes.columns, zoom_points * sizes.channels}, boxes.options());
  with_element_of(early, [&](auto element) {
    using Element = decltype(element);
    using Number = NumberOf<Element>;
    each_index(sizes.points() * sizes.groups(),
               SampleLanes<Element>{static_cast<const Element*>(early.const_data_ptr()), boxes.const_data_ptr<Number>(),
                                    sizes, result.mutable_data_ptr<Number>()});
  });
  return result;
}

template <typename Element>
void to_features(const at::Tensor& gradient, const at::Tensor& boxes, const ZoomSizes& sizes, const at::Tensor& to) {
  using Number = NumberOf<Element>;
  const std::int64_t count = sizes.points() * zoom_corners;
  if (count == 0) {
    to.zero_();
    return;
  }
  const at::TensorOptions whole = boxes.options().dtype(at::kInt);
  const at::Tensor pixels = at::empty({count}, whole), shares = at::empty({count}, boxes.options());
  each_index(sizes.points(),
             CornerShares<Number>{boxes.const_data_ptr<Number>(), sizes, pixels.mutable_data_ptr<std::int32_t>(),
                                  shares.mutable_data_ptr<Number>()});
  const auto [sorted, corners] = at::sort(pixels, /*stable=*/std::optional<bool>(true), 0, /*descending=*/false);
  const at::Tensor starts = at::empty({sizes.pixels() + 1}, whole);
  each_index(sizes.pixels() + 1,
             FirstCorner{sorted.template const_data_ptr<std::int32_t>(), static_cast<std::int32_t>(count),
                         starts.mutable_data_ptr<std::int32_t>()});
  each_index(sizes.pixels() * sizes.groups(),
             GatherLanes<Element>{gradient.const_data_ptr<Number>(), sizes.channels,
                                  corners.template const_data_ptr<std::int64_t>(), shares.const_data_ptr<Number>(),
                                  starts.const_data_ptr<std::int32_t>(), static_cast<Element*>(to.mutable_data_ptr())});
}

template <typename Element>
void to_boxes(const at::Tensor& gradient, const at::Tensor& early, const at::Tensor& boxes, const ZoomSizes& sizes,
              const at::Tensor& to) {
  using Number = NumberOf<Element>;
  constexpr std::int64_t of_block = threads_of_block / zoom_parts;
  const std::int64_t blocks = (sizes.boxes() + of_block - 1) / of_block;
  if (blocks == 0) return;
  launch(differentiate_boxes<Element>, {static_cast<unsigned>(blocks), threads_of_block},
         static_cast<const Element*>(early.const_data_ptr()), boxes.const_data_ptr<Number>(),
         gradient.const_data_ptr<Number>(), sizes, to.mutable_data_ptr<Number>());
}

std::tuple<at::Tensor, at::Tensor> rezoom_backward_cuda(const at::Tensor& of_samples, const at::Tensor& features,
                                                        const at::Tensor& box, bool for_early, bool for_box) {
  const c10::cuda::CUDAGuard guard(box.device());
  const at::Tensor early = aligned_features(features), boxes = box.contiguous(), gradient = aligned_rows(of_samples);
  const ZoomSizes sizes = numbered_sizes(early, boxes);
  at::Tensor of_early, of_box;
  if (for_early) of_early = at::empty(early.sizes(), early.options(), at::MemoryFormat::ChannelsLast);
  if (for_box) of_box = at::empty(boxes.sizes(), boxes.options());
  with_element_of(early, [&](auto element) {
    using Element = decltype(element);
    if (for_early) to_features<Element>(gradient, boxes, sizes, of_early);
    if (for_box) to_boxes<Element>(gradient, early, boxes, sizes, of_box);
  });
  return {of_early, of_box};
}

}  // namespace
}  // namespace fastbox::models

TORCH_LIBRARY_IMPL(fastbox, CUDA, library) {
  library.impl("rezoom", &fastbox::models::rezoom_cuda);
  library.impl("rezoom_backward", &fastbox::models::rezoom_backward_cuda);
}
