// The GPU's twin of augment_images.cpp: the same passes in the same order. Sums are of whole numbers, so the order in
// which threads add them makes no difference.

#include <c10/cuda/CUDAGuard.h>
#include <torch/library.h>

#include "base/each_index.cuh"
#include "train/augment_passes.hpp"

namespace {

using fastbox::train::AugmentMemory;
using fastbox::train::AugmentPasses;

struct WriteTaps {
  AugmentPasses passes;
  __device__ void operator()(std::int64_t index) const {
    const int coordinates = passes.width + passes.height;
    passes.write_taps(static_cast<int>(index / coordinates), static_cast<int>(index % coordinates));
  }
};

// In the grids below a block is a piece of a row: x, then y, then the image.

__global__ void widen_kernel(AugmentPasses passes) {
  const int x = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (x < passes.width) passes.widen(static_cast<int>(blockIdx.z), static_cast<int>(blockIdx.y), x);
}

__global__ void resize_kernel(AugmentPasses passes) {
  const int x = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  const int image = static_cast<int>(blockIdx.z);
  __shared__ unsigned sums[3];  // a block's are below 2^24
  if (threadIdx.x < 3) sums[threadIdx.x] = 0;
  __syncthreads();
  unsigned of_pixel[3] = {0, 0, 0};
  if (x < passes.width) {
    const std::uint8_t* const pixel = passes.resize(image, static_cast<int>(blockIdx.y), x);
    for (int c = 0; c < 3; ++c) of_pixel[c] = pixel[c];
  }
  for (int c = 0; c < 3; ++c) {
    const unsigned of_warp = __reduce_add_sync(0xffffffffu, of_pixel[c]);
    if (threadIdx.x % warpSize == 0) atomicAdd(&sums[c], of_warp);
  }
  __syncthreads();
  if (threadIdx.x < 3) {
    auto* const total = reinterpret_cast<unsigned long long*>(passes.sums + 3 * image) + threadIdx.x;
    atomicAdd(total, static_cast<unsigned long long>(sums[threadIdx.x]));
  }
}

__global__ void colour_kernel(AugmentPasses passes) {
  const int x = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (x < passes.width) passes.colour(static_cast<int>(blockIdx.z), static_cast<int>(blockIdx.y), x);
}

at::Tensor augment_cuda(const at::Tensor& frames, const at::Tensor& changes, std::int64_t height, std::int64_t width,
                        std::int64_t rows, std::int64_t taps) {
  const c10::cuda::CUDAGuard guard(frames.device());
  const AugmentMemory memory(frames, changes, height, width, rows, taps);
  const AugmentPasses passes = memory.passes();
  if (passes.images == 0) return memory.out;
  constexpr unsigned threads = 128;  // whole warps: resize_kernel's sums need them
  const auto blocks = [&](int lines) {
    return dim3((static_cast<unsigned>(passes.width) + threads - 1) / threads, static_cast<unsigned>(lines),
                static_cast<unsigned>(passes.images));
  };
  fastbox::each_index(static_cast<std::int64_t>(passes.images) * (passes.width + passes.height), WriteTaps{passes});
  fastbox::launch(widen_kernel, {blocks(passes.rows), threads}, passes);
  fastbox::launch(resize_kernel, {blocks(passes.height), threads}, passes);
  fastbox::launch(colour_kernel, {blocks(passes.height), threads}, passes);
  return memory.out;
}

}  // namespace

TORCH_LIBRARY_IMPL(fastbox, CUDA, library) {
  library.impl("augment", &augment_cuda);
}
