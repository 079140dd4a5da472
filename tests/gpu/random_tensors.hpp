// Random tensors on the CPU, by their seed, and how far apart two are.
//
// Test processes only; any thread.
#pragma once

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

namespace fastbox::test {

inline at::Tensor random_values(std::int64_t count, std::uint64_t seed) {
  return at::randn({count}, at::detail::createCPUGenerator(seed), at::TensorOptions(at::kFloat));
}

/// Channels-last maps.
inline at::Tensor random_maps(at::IntArrayRef sizes, std::uint64_t seed, at::ScalarType type) {
  return at::randn(sizes, at::detail::createCPUGenerator(seed), at::TensorOptions(at::kFloat))
      .to(type)
      .contiguous(at::MemoryFormat::ChannelsLast);
}

/// Relative to b's norm.
inline double distance(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor x = a.cpu().to(at::kDouble), y = b.cpu().to(at::kDouble);
  return ((x - y).norm() / y.norm().clamp_min(1e-30)).item<double>();
}

}  // namespace fastbox::test
