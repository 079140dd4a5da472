// block_sum.hpp's sums by a block of sum_lanes threads.
//
// Part of the CUDA plugin, never of the core. C++17. All threads of the block call them together.
#pragma once

#include <cstdint>

#include "models/block_sum.hpp"

namespace fastbox::models {

/// The sum of the lanes' values, the same in every thread.
__device__ inline double fold_block(double value) {
  __shared__ double lanes[sum_lanes];
  const int lane = static_cast<int>(threadIdx.x);
  lanes[lane] = value;
  __syncthreads();
  for (int half = sum_lanes / 2; half > 0; half /= 2) {
    if (lane < half) lanes[lane] += lanes[lane + half];
    __syncthreads();
  }
  const double sum = lanes[0];
  __syncthreads();  // before the next call writes
  return sum;
}

/// term(0) + ... + term(count - 1), the same in every thread.
template <typename Term>
__device__ double block_sum_of_threads(std::int64_t count, const Term& term) {
  double sum = 0;
  for (std::int64_t i = threadIdx.x; i < count; i += sum_lanes) sum += term(i);
  return fold_block(sum);
}

}  // namespace fastbox::models
