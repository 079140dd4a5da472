// The CUDA plugin's streams, as its NCCL part needs to see them. Part of the plugin, never of the core. C++17.
#pragma once

#include <c10/cuda/CUDAGuard.h>
#include <cuda_runtime_api.h>

#include <string>

#include "base/error.hpp"
#include "comm/gpu_backend.hpp"

namespace fastbox::comm {

/// Throws Error(environment) with CUDA's own words. `what`: "the gradients' stream".
inline void require_cuda(cudaError_t result, const char* what) {
  if (result == cudaSuccess) return;
  cudaGetLastError();  // torch would report it again at its next launch
  fail(ExitCode::environment, "CUDA, ", what, ": ", cudaGetErrorString(result), " (", cudaGetErrorName(result), ")");
}

/// Makes a GPU the calling thread's, and gives the thread its own back.
class OnGpu {
 public:
  explicit OnGpu(int device) {
    try {
      guard_.set_index(static_cast<c10::DeviceIndex>(device));
    } catch (const c10::Error& error) {
      const std::string text = error.what_without_backtrace();
      fail(ExitCode::environment, "GPU ", device, ": ", text.substr(0, text.find('\n')));
    }
  }

 private:
  c10::cuda::OptionalCUDAGuard guard_;
};

class CudaStream : public GpuStream {
 public:
  explicit CudaStream(int device);

  /// Waits for what is queued: the memory that it works on may go next.
  ~CudaStream() override;
  CudaStream(const CudaStream&) = delete;
  CudaStream& operator=(const CudaStream&) = delete;

  void wait_for(GpuEvent& event) override;
  void copy(void* to, const void* from, std::size_t bytes) override;
  void block_squares(const void* values, Element element, std::int64_t count, std::int64_t block,
                     double* squares) override;
  std::unique_ptr<GpuEvent> mark() override;

  cudaStream_t handle() const { return handle_; }
  int device() const { return device_; }

 private:
  int device_;
  cudaStream_t handle_ = nullptr;
};

}  // namespace fastbox::comm
