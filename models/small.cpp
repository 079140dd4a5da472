#include "models/small.hpp"

#include <ATen/ATen.h>

#include <array>

namespace fastbox::models {
namespace {

constexpr std::array channels = {32, 64, 128, 192};  // by stage
constexpr std::array blocks = {1, 2, 2, 2};
constexpr int early_width = 64;
constexpr double pixel_mean = 97, pixel_deviation = 80;  // of KITTI's frames, all channels together

/// As many groups as give each at least eight channels.
int groups_of(int count) { return std::max(1, count / 8); }

/// A multiple of 8, so that the groups are equal.
int scaled(int count, double width_multiple) { return std::max(8, scaled_channels(count, width_multiple) / 8 * 8); }

std::shared_ptr<Convolution> convolution(int in, int out, int kernel, int stride, bool bias = false) {
  return std::make_shared<Convolution>(Convolution::Options{in, out, kernel, stride, kernel == 3 ? 1 : 0, bias});
}

std::shared_ptr<GroupNorm> norm(int count) { return std::make_shared<GroupNorm>(count, groups_of(count)); }

at::Tensor doubled(const at::Tensor& x) {
  return at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)});
}

}  // namespace

ResidualBlock::ResidualBlock(int in, int out, int stride) {
  first_ = register_module("first", convolution(in, out, 3, stride));
  first_norm_ = register_module("first_norm", norm(out));
  second_ = register_module("second", convolution(out, out, 3, 1));
  second_norm_ = register_module("second_norm", norm(out));
  if (in != out || stride != 1) shortcut_ = register_module("shortcut", convolution(in, out, 1, stride));
}

at::Tensor ResidualBlock::forward(const at::Tensor& x) const {
  const at::Tensor inner = at::silu(first_norm_->forward(first_->forward(x)));
  const at::Tensor outer = second_norm_->forward(second_->forward(inner));
  return at::silu(outer + (shortcut_ ? shortcut_->forward(x) : x));
}

void ResidualBlock::initialise(at::Generator& generator) {
  first_->initialise(generator);
  second_->initialise(generator);
  if (shortcut_) shortcut_->initialise(generator);
}

Small::Small(double width_multiple)
    : Encoder(scaled(early_width, width_multiple), scaled(channels.back(), width_multiple)) {
  int in = scaled(channels[0], width_multiple);
  stem_ = register_module("stem", convolution(3, in, 4, 4));
  stem_norm_ = register_module("stem_norm", norm(in));
  for (std::size_t stage = 0; stage < channels.size(); ++stage) {
    const auto list = register_module("stage" + std::to_string(4 << stage), std::make_shared<torch::nn::Module>());
    const int out = scaled(channels[stage], width_multiple);
    stages_.emplace_back();
    for (int block = 0; block < blocks[stage]; ++block) {
      const int stride = stage > 0 && block == 0 ? 2 : 1;
      stages_.back().push_back(
          list->register_module(std::to_string(block), std::make_shared<ResidualBlock>(in, out, stride)));
      in = out;
    }
  }
  const int early = scaled(early_width, width_multiple);
  lateral32_ = register_module("lateral32", convolution(scaled(channels[3], width_multiple), early, 1, 1, true));
  lateral16_ = register_module("lateral16", convolution(scaled(channels[2], width_multiple), early, 1, 1, true));
  lateral8_ = register_module("lateral8", convolution(scaled(channels[1], width_multiple), early, 1, 1, true));
}

Features Small::forward(const at::Tensor& rgb) {
  at::Tensor x = ((rgb - pixel_mean) / pixel_deviation).contiguous(at::MemoryFormat::ChannelsLast);
  x = at::silu(stem_norm_->forward(stem_->forward(x)));
  std::array<at::Tensor, channels.size()> features;
  for (std::size_t stage = 0; stage < stages_.size(); ++stage) {
    for (const auto& block : stages_[stage]) x = block->forward(x);
    features[stage] = x;
  }
  const at::Tensor at16 = lateral16_->forward(features[2]) + doubled(lateral32_->forward(features[3]));
  return {lateral8_->forward(features[1]) + doubled(at16), features[3]};
}

void Small::initialise(std::uint64_t seed) {
  auto generator = seeded_generator(seed);
  for (const auto& convolution : {stem_, lateral8_, lateral16_, lateral32_}) convolution->initialise(generator);
  for (const auto& stage : stages_)
    for (const auto& block : stage) block->initialise(generator);
}

}  // namespace fastbox::models
