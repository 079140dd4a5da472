// Where the tests of kernels run them: on a real GPU (gpu_tests), or by the same sources on this CPU (emulated_gpu_tests). Both
// are built of the same test files; which it is, is decided by what they are linked with.
//
// Test processes only; one thread.
#pragma once

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include <memory>
#include <optional>

namespace fastbox::test {

class KernelPlace {
 public:
  /// Nothing where there is no GPU, and none is emulated. Opens the plugin.
  static std::optional<KernelPlace> find();

  c10::Device device() const { return device_; }
  bool is_emulated() const { return device_.is_cpu(); }

  /// Of its own memory, also where an emulated GPU's is the CPU's.
  at::Tensor copy(const at::Tensor& tensor) const {
    return tensor.detach().to(device_, tensor.scalar_type(), /*non_blocking=*/false, /*copy=*/true);
  }

  /// work(), in which fastbox's operators of tensors there are the GPU's kernels.
  template <typename Work>
  auto run(const Work& work) const {
    const std::shared_ptr<void> kernels = use_kernels();
    return work();
  }

 private:
  explicit KernelPlace(c10::Device device) : device_(device) {}
  static std::shared_ptr<void> use_kernels();

  c10::Device device_;
};

constexpr const char* no_gpu = "there is no GPU here";

}  // namespace fastbox::test
