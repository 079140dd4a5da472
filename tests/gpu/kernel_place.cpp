#include "gpu/kernel_place.hpp"

#include "gpu/gradients_on_gpu.hpp"

namespace fastbox::test {

std::optional<KernelPlace> KernelPlace::find() {
  const auto gpu = gpu_of_rank();
  return gpu ? std::optional(KernelPlace(*gpu)) : std::nullopt;
}

std::shared_ptr<void> KernelPlace::use_kernels() {
  return nullptr;
}

}  // namespace fastbox::test
