#include "models/gpu_time.cuh"

#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGraphsC10Utils.h>
#include <c10/cuda/CUDAStream.h>

namespace fastbox::models {

float milliseconds(const std::function<at::Tensor()>& work) {
  constexpr int calls = 3;
  const auto stream = c10::cuda::getCurrentCUDAStream();
  cudaEvent_t begin = nullptr, end = nullptr;
  C10_CUDA_CHECK(cudaEventCreate(&begin));
  C10_CUDA_CHECK(cudaEventCreate(&end));
  work();
  C10_CUDA_CHECK(cudaEventRecord(begin, stream));
  for (int i = 0; i < calls; ++i) work();
  C10_CUDA_CHECK(cudaEventRecord(end, stream));
  C10_CUDA_CHECK(cudaEventSynchronize(end));
  float time = 0;
  C10_CUDA_CHECK(cudaEventElapsedTime(&time, begin, end));
  C10_CUDA_CHECK(cudaEventDestroy(begin));
  C10_CUDA_CHECK(cudaEventDestroy(end));
  return time;
}

bool is_captured() {
  return c10::cuda::currentStreamCaptureStatusMayInitCtx() != c10::cuda::CaptureStatus::None;
}

}  // namespace fastbox::models
