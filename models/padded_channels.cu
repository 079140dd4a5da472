// fastbox::padding_pays: which of the two convolutions is faster.

#include <ATen/ATen.h>
#include <c10/cuda/CUDAGuard.h>
#include <torch/library.h>

#include <array>
#include <exception>
#include <map>
#include <vector>

#include "models/gpu_time.cuh"
#include "models/padded_channels.hpp"

namespace fastbox::models {
namespace {

/// What a step does with the operands: forward, and the gradients that are wanted.
at::Tensor pass(const ConvolutionOperands& operands, at::IntArrayRef stride, at::IntArrayRef padding,
                std::array<bool, 3> wanted) {
  constexpr std::array<std::int64_t, 2> dilation = {1, 1}, no_padding = {0, 0};
  at::Tensor y = at::conv2d(operands.x, operands.weight, {}, stride, padding);
  if (wanted[0] || wanted[1])
    at::convolution_backward(y, operands.x, operands.weight, at::OptionalIntArrayRef(), stride, padding, dilation,
                             /*transposed=*/false, no_padding, /*groups=*/1, wanted);
  return y;
}

bool padding_pays_cuda(const at::Tensor& x, const at::Tensor& weight, at::IntArrayRef stride, at::IntArrayRef padding) {
  thread_local std::map<std::vector<std::int64_t>, bool> known;
  const auto& context = at::globalContext();
  // Without benchmarks cuDNN's own choice of a kernel for three channels is trusted.
  if (!context.benchmarkCuDNN() || context.deterministicCuDNN() || context.deterministicAlgorithms()) return false;
  const bool learns = at::GradMode::is_enabled();
  const std::array<bool, 3> wanted = {learns && x.requires_grad(), learns && weight.requires_grad(), false};
  std::vector<std::int64_t> key = {x.device().index(), static_cast<std::int64_t>(x.scalar_type()), wanted[0],
                                   wanted[1]};
  for (const at::IntArrayRef& list : {x.sizes(), weight.sizes(), stride, padding})
    key.insert(key.end(), list.begin(), list.end());
  if (const auto found = known.find(key); found != known.end()) return found->second;
  if (is_captured()) return false;
  const c10::cuda::CUDAGuard guard(x.device());
  const at::NoGradGuard no_gradient;
  const ConvolutionOperands given{x.detach(), weight.detach()};
  try {
    const float plain = milliseconds([&] { return pass(given, stride, padding, wanted); });
    const float wide = milliseconds([&] { return pass(padded(given), stride, padding, wanted); });
    return known[key] = wide < plain;
  } catch (const c10::OutOfMemoryError&) {
    return false;  // to be tried again
  } catch (const std::exception&) {
    return known[key] = false;  // no kernel for one of the two
  }
}

}  // namespace
}  // namespace fastbox::models

TORCH_LIBRARY_IMPL(fastbox, CUDA, library) {
  library.impl("padding_pays", &fastbox::models::padding_pays_cuda);
}
