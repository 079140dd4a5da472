// The GPU's twin of dropout.cpp: the same bits, drawn where they are used.

#include <ATen/ATen.h>
#include <ATen/Dispatch.h>
#include <c10/cuda/CUDAGuard.h>
#include <torch/library.h>

#include "base/each_index.cuh"
#include "models/dropout_kernel.hpp"

namespace {

/// Index i: number i % numbers of image i / numbers.
template <typename Element>
struct Draw {
  const std::int64_t* seeds;
  std::uint64_t which;
  fastbox::models::DropoutMask<Element> mask;
  Element* masks;

  __device__ void operator()(std::int64_t i) const {
    const std::int64_t image = i / mask.numbers();
    fastbox::models::draw_elements(fastbox::models::dropout_state(seeds[image], which), mask,
                                   i - image * mask.numbers(), masks + image * mask.elements);
  }
};

at::Tensor dropout_mask_cuda(const at::Tensor& seeds, std::int64_t which, at::IntArrayRef shape,
                             std::int64_t dropped_below, double kept, at::ScalarType type) {
  const c10::cuda::CUDAGuard guard(seeds.device());
  at::Tensor masks = at::empty(shape, seeds.options().dtype(type));
  if (masks.numel() == 0) return masks;
  const at::Tensor of_images = seeds.contiguous();
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kBFloat16, at::kHalf, type, "dropout_mask", [&] {
    const Draw<scalar_t> draw{of_images.const_data_ptr<std::int64_t>(),
                              static_cast<std::uint64_t>(which),
                              {masks.numel() / masks.size(0), static_cast<std::uint32_t>(dropped_below),
                               static_cast<scalar_t>(static_cast<float>(kept))},
                              masks.mutable_data_ptr<scalar_t>()};
    fastbox::each_index(masks.size(0) * draw.mask.numbers(), draw);
  });
  return masks;
}

}  // namespace

TORCH_LIBRARY_IMPL(fastbox, CUDA, library) {
  library.impl("dropout_mask", &dropout_mask_cuda);
}
