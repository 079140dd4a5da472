// LibTorch's header of this name for emulated kernels: there is one place for them to run.
#pragma once

#include <c10/core/Device.h>

namespace c10::cuda {

class CUDAGuard {
 public:
  explicit CUDAGuard(c10::Device) {}
};

}  // namespace c10::cuda
