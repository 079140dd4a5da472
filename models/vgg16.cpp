#include "models/vgg16.hpp"

#include <ATen/ATen.h>

#include <array>
#include <cmath>

namespace fastbox::models {
namespace {

constexpr int pool = 0;
constexpr std::array layers = {64,   64,  pool, 128, 128,  pool, 256, 256, 256,
                               pool, 512, 512,  512, pool, 512,  512, 512, pool};
constexpr int early_convolution = 21;  // conv4_3's position
constexpr std::array<double, 3> bgr_means = {103.939, 116.779, 123.68};

}  // namespace

Vgg16::Vgg16(double width_multiple)
    : Encoder(scaled_channels(512, width_multiple), scaled_channels(512, width_multiple)) {
  const auto list = register_module("layers", std::make_shared<torch::nn::Module>());
  int position = 0, channels = 3;
  for (const int layer : layers) {
    if (layer == pool) {
      ++position;
      continue;
    }
    const int out = scaled_channels(layer, width_multiple);
    convolutions_[position] = list->register_module(std::to_string(position),
                                                    std::make_shared<Convolution>(Convolution::Options{channels, out}));
    channels = out;
    position += 2;  // the ReLU has a position of its own
  }
}

Features Vgg16::forward(const at::Tensor& rgb) {
  const at::Tensor mean =
      at::tensor(at::ArrayRef<double>(bgr_means.data(), bgr_means.size()), rgb.options().dtype(at::kDouble))
          .to(rgb.scalar_type())
          .view({1, 3, 1, 1});
  at::Tensor x = (rgb.flip(1) - mean).contiguous(at::MemoryFormat::ChannelsLast);
  Features features;
  int position = 0;
  for (const int layer : layers) {
    if (layer == pool) {
      x = at::max_pool2d(x, {2, 2}, {2, 2});
      ++position;
      continue;
    }
    x = convolutions_.at(position)->forward(x).relu_();
    if (position == early_convolution) features.early = x;
    position += 2;
  }
  features.deep = x;
  return features;
}

void Vgg16::initialise(std::uint64_t seed) {
  auto generator = seeded_generator(seed);
  // The input has a standard deviation of about 60 and the output should have one of about 1. The factor is shared out
  // among the layers: then all kernels are of one order and learn at one pace.
  const double gain = std::pow(1.0 / 60, 1.0 / static_cast<double>(convolutions_.size()));
  for (auto& [position, convolution] : convolutions_) convolution->initialise(generator, gain);
}

}  // namespace fastbox::models
