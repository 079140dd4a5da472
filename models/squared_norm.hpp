// Half the sum of the squares of many tensors, as an operator of torch's dispatcher: fastbox::half_squared_norm.
//
// One pass over all tensors, without a copy of any, whose order of additions is fixed (block_sum.hpp). The CPU's code
// is in squared_norm.cpp, the GPU's twin in squared_norm.cu, which the CUDA plugin registers. Thread-safe. C++17, as
// the twin wants it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace fastbox::models {

/// A scalar with its graph; each tensor's gradient is itself times the incoming one. `tensors`: at least one, of one
/// type and device, of any layout. Elsewhere than in float and double, and while a network is traced, LibTorch's
/// operators are used.
at::Tensor half_squared_norm(at::TensorList tensors);

/// The same by LibTorch's operators: what the other one is proven by.
at::Tensor plain_half_squared_norm(at::TensorList tensors);

/// Elements of a block of the sum; the blocks of a tensor begin with its first element in memory.
constexpr std::int64_t squares_of_block = 4096;

inline std::int64_t blocks_of_squares(std::int64_t elements) {
  return (elements + squares_of_block - 1) / squares_of_block;
}

}  // namespace fastbox::models
