#include "models/vgg16.hpp"

#include <ATen/ATen.h>

#include <array>
#include <cmath>

#include "base/text.hpp"
#include "models/max_pool.hpp"
#include "models/normalisation.hpp"

namespace fastbox::models {
namespace {

constexpr int pool = 0;
constexpr std::array layers = {64,   64,  pool, 128, 128,  pool, 256, 256, 256,
                               pool, 512, 512,  512, pool, 512,  512, 512, pool};
constexpr std::size_t early_convolution = 9;  // conv4_3, counted from 0

}  // namespace

Vgg16::Vgg16(double width_multiple, bool batch_norm)
    : Encoder(scaled_channels(512, width_multiple), scaled_channels(512, width_multiple)),
      normalisation_(batch_norm ? Normalisation::torchvision : Normalisation::own) {
  const auto list = register_module("layers", std::make_shared<torch::nn::Module>());
  int position = 0, channels = 3, stage = 1;
  for (const int layer : layers) {
    if (layer == pool) {
      ++position, ++stage;
      continue;
    }
    const int out = scaled_channels(layer, width_multiple);
    convolutions_[position] = list->register_module(std::to_string(position),
                                                    std::make_shared<Convolution>(Convolution::Options{channels, out}));
    stages_[position] = stage;
    if (batch_norm) {
      norms_[position] = list->register_module(std::to_string(position + 1), std::make_shared<BatchNorm>(out));
      stages_[position + 1] = stage;
    }
    channels = out;
    position += batch_norm ? 3 : 2;  // the ReLU has a position of its own
  }
}

Features Vgg16::forward(const at::Tensor& rgb) {
  at::Tensor x = normalisation_ == Normalisation::own ? caffe_normalised(rgb) : imagenet_normalised(rgb);
  Features features;
  auto next = convolutions_.begin();
  std::size_t index = 0;
  for (const int layer : layers) {
    if (layer == pool) {
      x = max_pool(x);
      continue;
    }
    const Convolution& convolution = *next->second;
    x = norms_.empty() ? convolution.forward_relu(x) : norms_.at(next->first)->forward(convolution.forward(x)).relu_();
    if (index == early_convolution) features.early = x;
    ++next, ++index;
  }
  features.deep = x;
  return features;
}

void Vgg16::initialise(std::uint64_t seed) {
  auto generator = seeded_generator(seed);
  // The input has a standard deviation of about 60 and the output should have one of about 1. The factor is shared out
  // among the layers: then all kernels are of one order and learn at one pace. Batch normalisation needs none of it.
  const double gain = norms_.empty() ? std::pow(1.0 / 60, 1.0 / static_cast<double>(convolutions_.size())) : 1;
  for (auto& [position, convolution] : convolutions_) convolution->initialise(generator, gain);
  for (auto& [position, norm] : norms_) norm->initialise();
}

void Vgg16::use_normalisation(Normalisation wanted) {
  if (norms_.empty()) normalisation_ = wanted;
}

std::string Vgg16::torchvision_name(const std::string& own) const {
  constexpr std::string_view ours = "layers.";
  return concat("features.", own.substr(ours.size()));
}

int Vgg16::stage_of(const std::string& own) const {
  constexpr std::string_view list = "layers.";
  return own.size() > list.size() ? stages_.at(std::stoi(own.substr(list.size()))) : 0;
}

}  // namespace fastbox::models
