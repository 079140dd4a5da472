#include "models/layers.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>

#include "models/conv_relu.hpp"
#include "models/rounded_copies.hpp"
#include "models/winograd.hpp"

namespace fastbox::models {

at::Generator seeded_generator(std::uint64_t seed) {
  return at::detail::createCPUGenerator(seed);
}

int scaled_channels(int channels, double width_multiple) {
  return std::max(8, static_cast<int>(channels * width_multiple));
}

int scaled_by_eight(int channels, double width_multiple) {
  constexpr int eight = 8;
  return scaled_channels(channels, width_multiple) / eight * eight;
}

Convolution::Convolution(const Options& options) : options_(options) {
  weight = register_parameter(
      "weight",
      at::zeros({options.out, options.in, options.kernel, options.kernel}).contiguous(at::MemoryFormat::ChannelsLast));
  if (options.bias) bias = register_parameter("bias", at::zeros({options.out}));
}

bool Convolution::by_winograd(const at::Tensor& x) const {
  return winograd_ && options_.stride == 1 && options_.padding == 1 && suits_winograd(x, weight);
}

at::Tensor Convolution::forward(const at::Tensor& x) const {
  if (by_winograd(x)) return winograd_convolution(x, weight, bias, /*activate=*/false);
  // Asked of the registered tensors, since Module::to() replaces what they hold.
  return at::conv2d(x, operand_of(weight), operand_of(bias), {options_.stride, options_.stride},
                    {options_.padding, options_.padding});
}

at::Tensor Convolution::forward_relu(const at::Tensor& x) const {
  if (by_winograd(x)) return winograd_convolution(x, weight, bias, /*activate=*/true);
  return conv_relu(x, weight, bias, {options_.stride, options_.stride}, {options_.padding, options_.padding});
}

void Convolution::initialise(at::Generator& generator, double gain) {
  const at::NoGradGuard no_gradient;
  const double fan_in = static_cast<double>(options_.in) * options_.kernel * options_.kernel;
  weight.copy_(at::empty(weight.sizes()).normal_(0, gain * std::sqrt(2 / fan_in), generator));
  if (bias.defined()) bias.copy_(at::empty(bias.sizes()).uniform_(-1, 1, generator) / std::sqrt(fan_in));
}

GroupNorm::GroupNorm(int channels) {
  weight = register_parameter("weight", at::ones({channels}));
  bias = register_parameter("bias", at::zeros({channels}));
}

at::Tensor GroupNorm::forward(const at::Tensor& x, const GroupNormOptions& options) const {
  return group_norm(x, weight, bias, options);
}

NormalisedConvolution::NormalisedConvolution(int in, int out, int kernel, int stride) {
  convolution_ = register_module("convolution", std::make_shared<Convolution>(Convolution::Options{
                                                    in, out, kernel, stride, /*padding=*/kernel == 3 ? 1 : 0, false}));
  norm_ = register_module("norm", std::make_shared<GroupNorm>(out));
}

at::Tensor NormalisedConvolution::forward(const at::Tensor& x, const at::Tensor& residual) const {
  return norm_->forward(convolution_->forward(x), {/*activate=*/true, residual});
}

void NormalisedConvolution::initialise(at::Generator& generator, bool starts_silent) {
  convolution_->initialise(generator);
  const at::NoGradGuard no_gradient;
  norm_->weight.fill_(starts_silent ? 0 : 1);
  norm_->bias.zero_();
}

}  // namespace fastbox::models
