#include "train/gpu_graph.hpp"

#include <atomic>

#include "base/error.hpp"

namespace fastbox::train {
namespace {

std::atomic<GpuGraphMaker> the_maker = nullptr;

}  // namespace

void set_gpu_graph_maker(GpuGraphMaker maker) {
  the_maker = maker;
}

std::unique_ptr<GpuGraph> make_gpu_graph(int gpu) {
  const GpuGraphMaker maker = the_maker;
  std::unique_ptr<GpuGraph> graph(maker != nullptr ? maker(gpu) : nullptr);
  if (graph == nullptr)
    fail(ExitCode::usage,
         "run.cuda_graph: on, but this run computes on the CPU; expected off, or a GPU (run.device: cuda)");
  return graph;
}

}  // namespace fastbox::train
