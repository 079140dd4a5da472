// Maps as the GPU's kernels want them: channels last, beginning where 16 bytes may be moved at once.
//
// Pure functions; any thread. C++17.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace fastbox::models {

inline bool is_aligned(const at::Tensor& tensor) {
  return reinterpret_cast<std::uintptr_t>(tensor.const_data_ptr()) % 16 == 0;
}

/// `maps` itself where it is so already: a view may begin anywhere.
inline at::Tensor aligned_maps(const at::Tensor& maps) {
  const at::Tensor dense = maps.contiguous(at::MemoryFormat::ChannelsLast);
  return is_aligned(dense) ? dense : dense.clone(at::MemoryFormat::ChannelsLast);
}

}  // namespace fastbox::models
