// Rezoom's tensors as its kernels see them; what the CPU's code and the GPU's have in common. C++17.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <limits>

#include "models/rezoom_kernel.hpp"

namespace fastbox::models {

/// early: B x C x fh x fw, channels dense, other strides as they are; box: B x gh x gw x 4.
inline ZoomSizes zoom_sizes(const at::Tensor& early, const at::Tensor& box) {
  TORCH_CHECK(box.dim() == 4 && box.size(3) == 4 && early.dim() == 4 && early.size(0) == box.size(0),
              "rezoom: features ", early.sizes(), " and boxes ", box.sizes(), " do not belong together");
  return {box.size(0),   box.size(1),     box.size(2),     early.size(2),  early.size(3),
          early.size(1), early.stride(0), early.stride(2), early.stride(3)};
}

/// Whether 32 bits number all corners, all pixels and one more, and all eights of channels of samples and features.
inline bool is_numbered(const ZoomSizes& sizes) {
  constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
  return sizes.points() * zoom_corners <= most && sizes.pixels() < most && sizes.points() * sizes.groups() <= most &&
         sizes.pixels() * sizes.groups() <= most;
}

/// work(element), an element of the features' type.
template <typename Work>
void with_element_of(const at::Tensor& early, const Work& work) {
  switch (early.scalar_type()) {
    case at::kFloat:
      return work(float());
    case at::kBFloat16:
      return work(Bf16());
    case at::kDouble:
      return work(double());
    default:
      TORCH_CHECK(false, "rezoom: features of ", early.scalar_type(), ", expected float, bfloat16 or double");
  }
}

}  // namespace fastbox::models
