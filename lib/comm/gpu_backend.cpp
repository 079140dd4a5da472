#include "comm/gpu_backend.hpp"

#include <atomic>

#include "base/error.hpp"

namespace fastbox::comm {
namespace {

std::atomic<GpuBackend*> the_backend = nullptr;

}  // namespace

void set_gpu_backend(GpuBackend* backend) {
  the_backend = backend;
}

GpuBackend& gpu_backend() {
  GpuBackend* const backend = the_backend;
  if (backend == nullptr) fail(ExitCode::environment, "a GPU needs the CUDA plugin, and it has not been opened");
  return *backend;
}

}  // namespace fastbox::comm
