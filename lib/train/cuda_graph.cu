// GpuGraph on CUDA: the plugin's half of the recorded step. Ownership and threads: gpu_graph.hpp.

#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <optional>
#include <string>

#include "base/error.hpp"
#include "train/gpu_graph.hpp"

namespace fastbox::train {
namespace {

/// torch's message without the trace that follows it.
std::string first_line(const c10::Error& error) {
  const std::string text = error.what_without_backtrace();
  return text.substr(0, text.find('\n'));
}

class CudaGraph : public GpuGraph {
 public:
  explicit CudaGraph(c10::DeviceIndex gpu) : gpu_(gpu), stream_(c10::cuda::getStreamFromPool(false, gpu)) {}

  void warm_up(const std::function<void()>& work) override {
    const c10::cuda::CUDAStream outer = c10::cuda::getCurrentCUDAStream(gpu_);
    wait(stream_, outer);
    {
      const c10::cuda::CUDAStreamGuard on(stream_);
      work();
    }
    wait(outer, stream_);
  }

  void capture(const std::function<void()>& work) override {
    const c10::cuda::CUDAGuard device(gpu_);
    // The graph's memory is its own: what the passes before it have left in torch's cache goes back to the GPU first.
    c10::cuda::device_synchronize();
    c10::cuda::CUDACachingAllocator::emptyCache();
    graph_.emplace();
    try {
      const c10::cuda::CUDAStreamGuard on(stream_);
      // Of this thread: others look at events, copy and allocate meanwhile. Autograd's queues on the stream all the same.
      graph_->capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
      try {
        work();
      } catch (...) {
        abandon();
        throw;
      }
      graph_->capture_end();
    } catch (const c10::Error& error) {
      fail(ExitCode::environment, "run.cuda_graph: on, but the step cannot be recorded: ", first_line(error),
           "; expected off");
    }
  }

  void replay() override { graph_->replay(); }

 private:
  /// What is queued on `later` from now on begins when all is done that `earlier` holds.
  static void wait(const c10::cuda::CUDAStream& later, const c10::cuda::CUDAStream& earlier) {
    c10::cuda::CUDAEvent event;
    event.record(earlier);
    event.block(later);
  }

  /// Ends a recording that has failed, so that the stream can be used again; how it ended is no news.
  void abandon() {
    try {
      graph_->capture_end();
    } catch (const c10::Error&) {
    }
  }

  c10::DeviceIndex gpu_;
  c10::cuda::CUDAStream stream_;
  std::optional<at::cuda::CUDAGraph> graph_;
};

}  // namespace
}  // namespace fastbox::train

/// What lib/train/device.cpp asks the plugin for.
extern "C" fastbox::train::GpuGraph* fastbox_gpu_graph(int gpu) {
  if (gpu < 0) return nullptr;
  return new fastbox::train::CudaGraph(static_cast<c10::DeviceIndex>(gpu));
}
