// GpuBackend on CUDA: the plugin's half of lib/comm. Ownership and threads: gpu_backend.hpp.

#include <c10/cuda/CUDAStream.h>

#include <algorithm>
#include <cstdio>

#include "comm/block_squares.cuh"
#include "comm/cuda_stream.hpp"
#include "comm/nccl_ranks.hpp"

namespace fastbox::comm {
namespace {

class CudaEvent : public GpuEvent {
 public:
  CudaEvent(int device, cudaStream_t stream) : device_(device) {
    const OnGpu on_gpu(device);
    require_cuda(cudaEventCreateWithFlags(&handle_, cudaEventDisableTiming), "an event");
    const cudaError_t result = cudaEventRecord(handle_, stream);
    if (result != cudaSuccess) cudaEventDestroy(handle_);
    require_cuda(result, "recording an event");
  }
  ~CudaEvent() override { cudaEventDestroy(handle_); }
  CudaEvent(const CudaEvent&) = delete;
  CudaEvent& operator=(const CudaEvent&) = delete;

  bool is_over() override {
    const OnGpu on_gpu(device_);
    const cudaError_t result = cudaEventQuery(handle_);
    if (result == cudaErrorNotReady) {
      cudaGetLastError();
      return false;
    }
    require_cuda(result, "what was queued before an event");
    return true;
  }
  cudaEvent_t handle() const { return handle_; }

 private:
  int device_;
  cudaEvent_t handle_ = nullptr;
};

class CudaBackend : public GpuBackend {
 public:
  std::string identity(int device) override {
    cudaDeviceProp properties;
    require_cuda(cudaGetDeviceProperties(&properties, device), "the GPU's properties");
    std::string text = "GPU-";
    for (const char byte : properties.uuid.bytes) {
      char digits[3];
      std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(static_cast<unsigned char>(byte)));
      text += digits;
    }
    return text;
  }

  std::unique_ptr<GpuEvent> mark_current(int device) override {
    const OnGpu on_gpu(device);  // throws what the next line would, in our words
    return std::make_unique<CudaEvent>(device, c10::cuda::getCurrentCUDAStream(static_cast<c10::DeviceIndex>(device)));
  }

  void current_waits_for(int device, GpuEvent& event) override {
    const OnGpu on_gpu(device);
    require_cuda(cudaStreamWaitEvent(c10::cuda::getCurrentCUDAStream(static_cast<c10::DeviceIndex>(device)),
                                     static_cast<CudaEvent&>(event).handle(), 0),
                 "waiting for a copy");
  }

  std::unique_ptr<GpuStream> make_stream(int device) override { return std::make_unique<CudaStream>(device); }

  std::shared_ptr<void> allocate(int device, std::size_t bytes) override {
    const OnGpu on_gpu(device);
    void* memory = nullptr;
    require_cuda(cudaMalloc(&memory, std::max<std::size_t>(bytes, 1)), "memory of the GPU");
    std::shared_ptr<void> owner(memory, [](void* pointer) { cudaFree(pointer); });
    require_cuda(cudaMemset(memory, 0, bytes), "clearing memory");
    require_cuda(cudaDeviceSynchronize(), "clearing memory");  // other streams do not wait for this one
    return owner;
  }

  std::shared_ptr<void> allocate_host(int device, std::size_t bytes) override {
    const OnGpu on_gpu(device);  // a thread that has not chosen one would wake the first GPU as well
    void* memory = nullptr;
    require_cuda(cudaHostAlloc(&memory, std::max<std::size_t>(bytes, 1), cudaHostAllocPortable), "page-locked memory");
    return std::shared_ptr<void>(memory, [](void* pointer) { cudaFreeHost(pointer); });
  }

  std::shared_ptr<void> page_lock(void* memory, std::size_t bytes) override {
    require_cuda(cudaHostRegister(memory, bytes, cudaHostRegisterPortable), "page-locking the exchange's memory");
    return std::shared_ptr<void>(memory, [](void* pointer) { cudaHostUnregister(pointer); });
  }

  bool has_nccl() const override { return comm::has_nccl(); }
  std::string make_id() override { return make_nccl_id(); }
  std::unique_ptr<GpuRanks> join(int device, const std::string& id, int rank, int ranks) override {
    return join_nccl(device, id, rank, ranks);
  }
};

}  // namespace

CudaStream::CudaStream(int device) : device_(device) {
  const OnGpu on_gpu(device);
  int lowest = 0, highest = 0;
  require_cuda(cudaDeviceGetStreamPriorityRange(&lowest, &highest), "stream priorities");
  // Short work that others wait for: before backward's kernels, and never held up by the default stream.
  require_cuda(cudaStreamCreateWithPriority(&handle_, cudaStreamNonBlocking, highest), "a stream");
}

CudaStream::~CudaStream() {
  cudaStreamSynchronize(handle_);
  cudaStreamDestroy(handle_);
}

void CudaStream::wait_for(GpuEvent& event) {
  const OnGpu on_gpu(device_);
  require_cuda(cudaStreamWaitEvent(handle_, static_cast<CudaEvent&>(event).handle(), 0), "waiting for an event");
}

void CudaStream::copy(void* to, const void* from, std::size_t bytes) {
  const OnGpu on_gpu(device_);
  require_cuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, handle_), "a copy from or to the GPU");
}

void CudaStream::block_squares(const void* values, Element element, std::int64_t count, std::int64_t block,
                               double* squares) {
  const OnGpu on_gpu(device_);
  const std::int64_t blocks = (count + block - 1) / block;
  if (blocks == 0) return;
  const unsigned groups = groups_of_squares(blocks);
  if (element == Element::float32)
    block_squares_kernel<<<groups, threads_of_squares, 0, handle_>>>(static_cast<const float*>(values), count, block,
                                                                     squares);
  else
    block_squares_kernel<<<groups, threads_of_squares, 0, handle_>>>(static_cast<const double*>(values), count, block,
                                                                     squares);
  require_cuda(cudaGetLastError(), "squared norms");
}

std::unique_ptr<GpuEvent> CudaStream::mark() {
  return std::make_unique<CudaEvent>(device_, handle_);
}

}  // namespace fastbox::comm

/// What lib/train/device.cpp asks the plugin for.
extern "C" fastbox::comm::GpuBackend* fastbox_gpu_backend() {
  static fastbox::comm::CudaBackend backend;
  return &backend;
}
