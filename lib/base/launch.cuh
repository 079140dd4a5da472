// Launches of kernels on the calling thread's current stream, as plain calls.
//
// Part of the CUDA plugin, never of the core. C++17. The caller has made the tensors' GPU current. The tests have a twin of this
// header that runs kernels on a CPU (tests/emulated_gpu): kernels that it is to run are launched by this one alone.
#pragma once

#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>

#include <cstddef>
#include <utility>

namespace fastbox {

struct LaunchShape {
  dim3 grid, block;
  std::size_t shared_bytes = 0;  ///< what dynamic_shared() has
};

/// Queues kernel(arguments...) and does not wait. Throws c10::Error where the GPU refuses the shape.
template <typename... Parameters, typename... Arguments>
void launch(void (*kernel)(Parameters...), const LaunchShape& shape, Arguments&&... arguments) {
  kernel<<<shape.grid, shape.block, shape.shared_bytes, c10::cuda::getCurrentCUDAStream()>>>(
      static_cast<Parameters>(std::forward<Arguments>(arguments))...);
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

/// The block's shared memory of LaunchShape::shared_bytes, at 16 bytes.
template <typename Element>
__device__ Element* dynamic_shared() {
  extern __shared__ __align__(16) unsigned char memory[];
  return reinterpret_cast<Element*>(memory);
}

}  // namespace fastbox
