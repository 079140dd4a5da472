#include <ATen/ATen.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <exception>
#include <limits>
#include <map>
#include <optional>
#include <vector>

#include "models/fused_convolution.cuh"
#include "models/gpu_time.cuh"

namespace fastbox::models {
namespace {

constexpr std::array<std::int64_t, 2> dilation = {1, 1};

/// LibTorch's graph is relu(x * weight + 0 z + bias), with the result's unwritten memory for z. Whether a plan of
/// cuDNN's leaves z unread is not promised: an old NaN there would spoil the result. So the same plan (it is kept by
/// sizes, types, alignments and the factor 0) is first run with a z of nothing but NaNs.
bool ignores_what_it_adds(const FusedConvolution& operands, const at::Tensor& expected, double largest) {
  constexpr double tolerance = 0.05;  // both round; what is looked for spoils everything
  const at::Tensor poison = at::full_like(expected, std::numeric_limits<double>::quiet_NaN());
  const at::Tensor fused =
      at::cudnn_convolution_add_relu(operands.x, operands.weight, poison, at::Scalar(0), operands.bias, operands.stride,
                                     operands.padding, dilation, /*groups=*/1);
  return (fused - expected).abs().max().item<double>() <= tolerance * largest;
}

/// Nothing where the numbers tell nothing: no output is above 0, or not all are finite.
std::optional<bool> tried(const FusedConvolution& operands, const std::function<at::Tensor()>& in_two_steps) {
  try {
    {
      const at::Tensor expected = in_two_steps();
      const double largest = expected.max().item<double>();
      if (!(largest > 0) || !std::isfinite(largest)) return std::nullopt;
      if (!ignores_what_it_adds(operands, expected, largest)) return false;
    }
    // Without benchmarks cuDNN's own order of its plans is trusted.
    return !at::globalContext().benchmarkCuDNN() ||
           milliseconds([&] { return run_fused(operands); }) <= milliseconds(in_two_steps);
  } catch (const c10::OutOfMemoryError&) {
    return std::nullopt;
  } catch (const std::exception&) {
    return false;  // cuDNN has no plan for these sizes
  }
}

/// What LibTorch's cache of cuDNN's plans goes by.
std::vector<std::int64_t> key_of(const FusedConvolution& operands) {
  std::vector<std::int64_t> key = {operands.x.device().index(), static_cast<std::int64_t>(operands.x.scalar_type()),
                                   at::globalContext().allowTF32CuDNN(at::Float32Op::CONV)};
  for (const at::Tensor* tensor : {&operands.x, &operands.weight, &operands.bias}) {
    constexpr std::uintptr_t finest = 32;  // bytes
    key.insert(key.end(), tensor->sizes().begin(), tensor->sizes().end());
    key.push_back(static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(tensor->const_data_ptr()) % finest));
  }
  for (const at::IntArrayRef& list : {operands.stride, operands.padding})
    key.insert(key.end(), list.begin(), list.end());
  return key;
}

}  // namespace

at::Tensor run_fused(const FusedConvolution& operands) {
  return at::cudnn_convolution_relu(operands.x, operands.weight, operands.bias, operands.stride, operands.padding,
                                    dilation, /*groups=*/1);
}

bool pays(const FusedConvolution& operands, const std::function<at::Tensor()>& in_two_steps) {
  thread_local std::map<std::vector<std::int64_t>, bool> known;
  const auto& context = at::globalContext();
  if (!context.userEnabledCuDNN() || context.deterministicCuDNN() || context.deterministicAlgorithms()) return false;
  const std::vector<std::int64_t> key = key_of(operands);
  if (const auto found = known.find(key); found != known.end()) return found->second;
  if (is_captured()) return false;
  const std::optional<bool> answer = tried(operands, in_two_steps);
  if (answer) known.emplace(key, *answer);
  return answer.value_or(false);
}

}  // namespace fastbox::models
