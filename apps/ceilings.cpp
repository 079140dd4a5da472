#include "ceilings.hpp"

#include <ATen/ATen.h>
#include <ATen/DeviceAccelerator.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <algorithm>
#include <chrono>

#include "base/text.hpp"

namespace fastbox::apps {
namespace {

constexpr std::int64_t matrix_sides[] = {512, 1024, 2048, 4096};  // the fastest counts: caches differ
constexpr std::int64_t copied_bytes = std::int64_t{256} << 20;    // beyond any cache

double product_flops(at::ScalarType type, c10::Device device, double seconds) {
  const auto options = at::TensorOptions(type).device(device);
  double best = 0;
  for (const std::int64_t side : matrix_sides) {
    const at::Tensor a = at::randn({side, side}, options), b = at::randn({side, side}, options);
    at::Tensor out = at::empty({side, side}, options);
    const double flops = 2.0 * static_cast<double>(side * side * side);
    best = std::max(best, flops / fastest_seconds(device, seconds, [&] { at::mm_out(out, a, b); }));
  }
  return best;
}

std::vector<at::Tensor> tensors_of(const std::vector<c10::IValue>& values) {
  std::vector<at::Tensor> tensors;
  for (const auto& value : values)
    if (value.isTensor() && value.toTensor().defined()) tensors.push_back(value.toTensor());
  return tensors;
}

double bytes_of(const std::vector<at::Tensor>& tensors) {
  double bytes = 0;
  for (const auto& tensor : tensors) bytes += static_cast<double>(tensor.nbytes());
  return bytes;
}

std::vector<c10::IValue> call_again(const ConvolutionCall& call, std::vector<c10::IValue> stack) {
  const char* name = call.backward ? "aten::convolution_backward" : "aten::convolution";
  c10::Dispatcher::singleton().findSchemaOrThrow(name, "").callBoxed(&stack);
  return stack;
}

/// aten::convolution(input, weight, bias, stride, ...); aten::convolution_backward(grad_output, input, weight, bias_sizes,
/// stride, ..., output_mask).
const at::Tensor& weight_of(const ConvolutionCall& call) {
  return call.arguments[call.backward ? 2 : 1].toTensor();
}

}  // namespace

double fastest_seconds(c10::Device device, double seconds, const std::function<void()>& work) {
  using Clock = std::chrono::steady_clock;
  const auto timed = [&] {
    const auto begin = Clock::now();
    work();
    if (!device.is_cpu()) at::accelerator::synchronizeDevice(device.index());
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  timed();
  double fastest = timed(), passed = fastest;
  for (int runs = 1; runs < 3 || passed < seconds; ++runs) {
    const double took = timed();
    passed += took;
    fastest = std::min(fastest, took);
  }
  return fastest;
}

Ceilings measure_ceilings(c10::Device device, bool with_bf16, double seconds) {
  Ceilings found;
  found.fp32 = product_flops(at::kFloat, device, seconds);
  if (with_bf16) found.bf16 = product_flops(at::kBFloat16, device, seconds);
  const auto options = at::TensorOptions(at::kFloat).device(device);
  const at::Tensor from = at::ones({copied_bytes / 4}, options);
  at::Tensor to = at::zeros_like(from);
  found.bytes_per_second = 2.0 * copied_bytes / fastest_seconds(device, seconds, [&] { to.copy_(from); });
  return found;
}

bool is_bf16(const ConvolutionCall& call) {
  return weight_of(call).scalar_type() == at::kBFloat16;
}

double ConvolutionCost::bound(const Ceilings& ceilings, bool is_bf16) const {
  return std::max(flops / (is_bf16 ? ceilings.bf16 : ceilings.fp32), bytes / ceilings.bytes_per_second);
}

ConvolutionCost time_convolution(const ConvolutionCall& call, c10::Device device, double seconds) {
  const at::NoGradGuard no_gradient;
  for (const auto& tensor : tensors_of(call.arguments)) at::Tensor(tensor).normal_();
  const auto results = tensors_of(call_again(call, call.arguments));
  const at::Tensor &output = call.backward ? call.arguments[0].toTensor() : results.at(0), &weight = weight_of(call);
  double directions = 1;
  if (call.backward) {
    const auto mask = call.arguments.back().toBoolList();  // of the input, of the weight, of the bias
    directions = (mask[0] ? 1 : 0) + (mask[1] ? 1 : 0);
  }
  ConvolutionCost cost;
  const auto stride = call.arguments[call.backward ? 4 : 3].toIntVector();
  cost.shape = concat(weight.size(2), 'x', weight.size(3), " /", stride.at(0), ' ', weight.size(1), '>', weight.size(0),
                      ' ', output.size(0), 'x', output.size(2), 'x', output.size(3));
  cost.flops =
      2.0 * directions * static_cast<double>(output.numel()) * static_cast<double>(weight.numel() / weight.size(0));
  cost.bytes = bytes_of(tensors_of(call.arguments)) + bytes_of(results);
  cost.seconds = fastest_seconds(device, seconds, [&] { call_again(call, call.arguments); });
  return cost;
}

}  // namespace fastbox::apps
