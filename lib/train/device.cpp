#include "train/device.hpp"

#include <ATen/Context.h>
#include <dlfcn.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/error.hpp"
#include "base/log.hpp"
#include "comm/gpu_backend.hpp"
#include "train/gpu_graph.hpp"

namespace fastbox::train {
namespace {

/// Loads libtorch_cuda and our operators' CUDA code, and makes its other parts known; kept open for the process's life.
void open_plugin() {
  const std::string path = plugin_path();
  if (!std::filesystem::exists(path))
    fail(ExitCode::environment, path, ": the CUDA plugin is missing; build where nvcc is, after scripts/setup --cuda");
  void* const plugin = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (plugin == nullptr) fail(ExitCode::environment, "the CUDA plugin cannot be loaded: ", dlerror());
  const auto backend = reinterpret_cast<comm::GpuBackend* (*)()>(dlsym(plugin, "fastbox_gpu_backend"));
  const auto graph_maker = reinterpret_cast<GpuGraphMaker>(dlsym(plugin, "fastbox_gpu_graph"));
  if (backend == nullptr || graph_maker == nullptr)
    fail(ExitCode::environment, path, ": of another version than this executable");
  comm::set_gpu_backend(backend());
  set_gpu_graph_maker(graph_maker);
}

/// How cuDNN and cuBLAS compute, for the process's life. fp32 is fp32: no operand of a convolution or product is cut to the
/// 19 bits of TF32. A network's shapes are few and fixed, so cuDNN times its algorithms at the first call of each and keeps
/// the fastest; which that is may differ from process to process, and with it the last bits.
void settle_arithmetic() {
  at::Context& torch = at::globalContext();
  torch.setAllowTF32CuDNN(false);
  torch.setAllowTF32CuBLAS(false);
  torch.setBenchmarkCuDNN(true);
}

}  // namespace

std::string plugin_path() {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "libfastbox_cuda.so").string();
}

bool machine_has_gpu() {
  return std::filesystem::exists("/dev/nvidiactl");
}

c10::Device choose_device(const std::string& wanted, int local_rank) {
  if (wanted == "cpu") return c10::Device(c10::kCPU);
  if (wanted == "auto") {
    if (!machine_has_gpu()) return c10::Device(c10::kCPU);
    if (!std::filesystem::exists(plugin_path())) {
      log::warning("this machine has a GPU, but the build has no CUDA plugin: computing on the CPU");
      return c10::Device(c10::kCPU);
    }
  }
  open_plugin();
  const int gpus = at::globalContext().hasCUDA() ? static_cast<int>(at::getNumGPUs()) : 0;
  if (gpus == 0 && wanted == "auto") {
    log::warning("this machine has a GPU, but CUDA shows none to this process: computing on the CPU");
    return c10::Device(c10::kCPU);
  }
  if (gpus == 0) fail(ExitCode::environment, "run.device is cuda, but CUDA finds no GPU here");
  settle_arithmetic();
  return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(local_rank % gpus));
}

int choose_threads(int wanted, int ranks_on_node) {
  if (wanted > 0) return wanted;
  cpu_set_t cores;
  CPU_ZERO(&cores);
  const int available = sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
  // A launcher that binds its ranks has shared the cores out already.
  const bool bound = available < static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  return std::max(1, bound ? available : available / ranks_on_node);
}

}  // namespace fastbox::train
