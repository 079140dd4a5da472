// Work of a GPU that is recorded once and then queued as one: the seam between the training step and CUDA's graphs.
//
// The core links no CUDA: the plugin implements GpuGraph (cuda_graph.cu), and whoever opens it hands its maker to
// set_gpu_graph_maker(). An object belongs to one thread, and so does the work. Every member throws what `work` throws,
// and Error(environment) where CUDA fails. C++17, because the plugin's compiler knows no more.
#pragma once

#include <functional>
#include <memory>

namespace fastbox::train {

class GpuGraph {
 public:
  virtual ~GpuGraph() = default;

  /// Does `work` in the ordinary way, on the stream that capture() will record. A few times before it, so that libraries
  /// settle what they cannot settle in a recording: algorithms, workspaces. The calling thread's current stream goes on
  /// after it.
  virtual void warm_up(const std::function<void()>& work) = 0;

  /// Records what `work` queues; nothing of it is done yet. `work` must not wait for the GPU, nor read or write memory of
  /// the host from it. The memory that it takes stays the graph's. Once.
  virtual void capture(const std::function<void()>& work) = 0;

  /// Queues on the calling thread's current stream what was recorded: the same kernels on the same memory. Does not wait.
  virtual void replay() = 0;
};

/// Makes a graph on a GPU, as CUDA counts them; null where there is no such GPU. The caller owns it.
using GpuGraphMaker = GpuGraph* (*)(int gpu);

/// Called once by whoever opens the plugin. A test may put in its own, and takes it out with nullptr.
void set_gpu_graph_maker(GpuGraphMaker maker);

/// `gpu`: -1 for the CPU. Throws Error(usage) where no graph can be made.
std::unique_ptr<GpuGraph> make_gpu_graph(int gpu);

}  // namespace fastbox::train
