#include "models/small.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/jit/frontend/tracer.h>

#include <array>

namespace fastbox::models {
namespace {

constexpr int stem_channels = 32;
constexpr std::array stage_channels = {48, 96, 192};
constexpr std::array stage_blocks = {1, 2, 2};
constexpr int early_width = 64;
constexpr double pixel_mean = 120, pixel_deviation = 64;

/// A multiple of a group's channels, so that the groups are equal.
int scaled(int channels, double width_multiple) {
  return std::max(1, scaled_channels(channels, width_multiple) / channels_per_group) * channels_per_group;
}

/// (rgb - mean) / deviation. The deviation is a power of two, so one pass over the image has the bits of two.
at::Tensor normalised(const at::Tensor& rgb) {
  if (torch::jit::tracer::isTracing())
    return (rgb - pixel_mean) / pixel_deviation;  // in operators that every format has
  return at::rsub(rgb, -pixel_mean / pixel_deviation, -1 / pixel_deviation);
}

at::Tensor doubled(const at::Tensor& x) {
  return at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)});
}

}  // namespace

ResidualBlock::ResidualBlock(int channels) {
  first_ = register_module("first", std::make_shared<NormalisedConvolution>(channels, channels, 3, 1));
  second_ = register_module("second", std::make_shared<NormalisedConvolution>(channels, channels, 3, 1));
}

at::Tensor ResidualBlock::forward(const at::Tensor& x) const {
  return second_->forward(first_->forward(x), x);
}

void ResidualBlock::initialise(at::Generator& generator) {
  first_->initialise(generator);
  second_->initialise(generator, /*starts_silent=*/true);
}

Small::Small(double width_multiple)
    : Encoder(scaled(early_width, width_multiple), scaled(stage_channels.back(), width_multiple)) {
  const int early = scaled(early_width, width_multiple);
  int channels = scaled(stem_channels, width_multiple);
  stem_ = register_module("stem", std::make_shared<NormalisedConvolution>(3, channels, 4, 4));
  for (std::size_t i = 0; i < stage_channels.size(); ++i) {
    const int out = scaled(stage_channels[i], width_multiple);
    const auto module = register_module("stage" + std::to_string(8 << i), std::make_shared<torch::nn::Module>());
    Stage stage{module->register_module("down", std::make_shared<NormalisedConvolution>(channels, out, 3, 2)), {}};
    for (int block = 0; block < stage_blocks[i]; ++block)
      stage.blocks.push_back(
          module->register_module("block" + std::to_string(block), std::make_shared<ResidualBlock>(out)));
    laterals_.push_back(module->register_module(
        "lateral", std::make_shared<Convolution>(Convolution::Options{out, early, 1, 1, /*padding=*/0, true})));
    stages_.push_back(std::move(stage));
    channels = out;
  }
  smooth_ = register_module("smooth", std::make_shared<NormalisedConvolution>(early, early, 3, 1));
}

Features Small::forward(const at::Tensor& rgb) {
  at::Tensor x = stem_->forward(normalised(rgb).contiguous(at::MemoryFormat::ChannelsLast));
  std::vector<at::Tensor> features;
  for (const auto& stage : stages_) {
    x = stage.down->forward(x);
    for (const auto& block : stage.blocks) x = block->forward(x);
    features.push_back(x);
  }
  at::Tensor early = laterals_.back()->forward(x);
  for (std::size_t i = stages_.size() - 1; i-- > 0;) early = laterals_[i]->forward(features[i]) + doubled(early);
  return {smooth_->forward(early), x};
}

void Small::initialise(std::uint64_t seed) {
  auto generator = seeded_generator(seed);
  stem_->initialise(generator);
  for (const auto& stage : stages_) {
    stage.down->initialise(generator);
    for (const auto& block : stage.blocks) block->initialise(generator);
  }
  for (const auto& lateral : laterals_) lateral->initialise(generator);
  smooth_->initialise(generator);
}

}  // namespace fastbox::models
