#include "models/resnet.hpp"

#include <ATen/ATen.h>

#include <array>

#include "models/normalisation.hpp"

namespace fastbox::models {
namespace {

constexpr int stem_channels = 64;
constexpr std::array widths = {64, 128, 256, 512};
constexpr std::size_t early_layer = 1;  // layer2, at stride 8

int out_channels(std::size_t layer, double width_multiple) {
  return Bottleneck::expansion * scaled_by_eight(widths[layer], width_multiple);
}

Convolution::Options without_bias(int in, int out, int kernel, int stride) {
  return {in, out, kernel, stride, /*padding=*/kernel / 2, /*bias=*/false};
}

}  // namespace

Bottleneck::Bottleneck(int in, int width, int stride) {
  const int out = expansion * width;
  const auto add = [&](torch::nn::Module& parent, const std::string& convolution, const std::string& norm,
                       const Convolution::Options& options) {
    parts_.push_back({parent.register_module(convolution, std::make_shared<Convolution>(options)),
                      parent.register_module(norm, std::make_shared<BatchNorm>(options.out))});
  };
  add(*this, "conv1", "bn1", without_bias(in, width, 1, 1));
  add(*this, "conv2", "bn2", without_bias(width, width, 3, stride));
  add(*this, "conv3", "bn3", without_bias(width, out, 1, 1));
  if (stride == 1 && in == out) return;
  add(*register_module("downsample", std::make_shared<torch::nn::Module>()), "0", "1",
      without_bias(in, out, 1, stride));
}

at::Tensor Bottleneck::forward(const at::Tensor& x) const {
  const auto part = [&](std::size_t i, const at::Tensor& input) {
    return parts_[i].norm->forward(parts_[i].convolution->forward(input));
  };
  const at::Tensor residual = part(2, part(1, part(0, x).relu_()).relu_());
  const at::Tensor shortcut = parts_.size() > 3 ? part(3, x) : x;
  return (residual + shortcut).relu_();
}

void Bottleneck::initialise(at::Generator& generator) {
  for (const auto& part : parts_) {
    part.convolution->initialise(generator);
    part.norm->initialise();
  }
}

ResNet::ResNet(std::vector<int> blocks, double width_multiple)
    : Encoder(out_channels(early_layer, width_multiple), out_channels(widths.size() - 1, width_multiple)) {
  int channels = scaled_by_eight(stem_channels, width_multiple);
  conv1_ = register_module("conv1", std::make_shared<Convolution>(without_bias(3, channels, 7, 2)));
  bn1_ = register_module("bn1", std::make_shared<BatchNorm>(channels));
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const auto layer = register_module("layer" + std::to_string(i + 1), std::make_shared<torch::nn::Module>());
    layers_.emplace_back();
    for (int block = 0; block < blocks.at(i); ++block) {
      const int stride = i > 0 && block == 0 ? 2 : 1;
      layers_.back().push_back(layer->register_module(
          std::to_string(block),
          std::make_shared<Bottleneck>(channels, scaled_by_eight(widths[i], width_multiple), stride)));
      channels = out_channels(i, width_multiple);
    }
  }
}

Features ResNet::forward(const at::Tensor& rgb) {
  at::Tensor x = bn1_->forward(conv1_->forward(imagenet_normalised(rgb))).relu_();
  x = at::max_pool2d(x, {3, 3}, {2, 2}, {1, 1});
  Features features;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    for (const auto& block : layers_[i]) x = block->forward(x);
    if (i == early_layer) features.early = x;
  }
  features.deep = x;
  return features;
}

void ResNet::initialise(std::uint64_t seed) {
  auto generator = seeded_generator(seed);
  conv1_->initialise(generator);
  bn1_->initialise();
  for (const auto& layer : layers_)
    for (const auto& block : layer) block->initialise(generator);
}

int ResNet::stage_of(const std::string& own) const {
  constexpr std::string_view layer = "layer";
  return own.starts_with(layer) ? 1 + (own.at(layer.size()) - '0') : 1;
}

}  // namespace fastbox::models
