// The grid that runs a portable function for every output element, on the calling thread's current stream.
//
// Part of the CUDA plugin, never of the core. C++17. The caller has made the tensors' GPU current.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/launch.cuh"

namespace fastbox {

constexpr int threads_of_block = 256;
constexpr std::int64_t most_blocks = 65535;

template <typename Work>
__global__ void each_index_kernel(std::int64_t count, Work work) {
  const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += stride)
    work(i);
}

/// work(i) for i in 0 .. count - 1, in no order. `work`: a struct of plain values and pointers to the GPU's memory, with
/// `__device__ void operator()(std::int64_t) const`. Does not wait.
template <typename Work>
void each_index(std::int64_t count, const Work& work) {
  if (count <= 0) return;
  const std::int64_t blocks = std::min((count + threads_of_block - 1) / threads_of_block, most_blocks);
  launch(each_index_kernel<Work>, {static_cast<unsigned>(blocks), threads_of_block}, count, work);
}

}  // namespace fastbox
