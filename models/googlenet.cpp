#include "models/googlenet.hpp"

#include <ATen/ATen.h>

namespace fastbox::models {
namespace {

constexpr double epsilon = 1e-3;
constexpr std::array stem_channels = {64, 64, 192};

struct Named {
  const char* name;
  InceptionChannels channels;
};
constexpr std::array inceptions = {
    Named{"3a", {192, 64, 96, 128, 16, 32, 32}},     Named{"3b", {256, 128, 128, 192, 32, 96, 64}},
    Named{"4a", {480, 192, 96, 208, 16, 48, 64}},    Named{"4b", {512, 160, 112, 224, 24, 64, 64}},
    Named{"4c", {512, 128, 128, 256, 24, 64, 64}},   Named{"4d", {512, 112, 144, 288, 32, 64, 64}},
    Named{"4e", {528, 256, 160, 320, 32, 128, 128}}, Named{"5a", {832, 256, 160, 320, 32, 128, 128}},
    Named{"5b", {832, 384, 192, 384, 48, 128, 128}}};
constexpr std::size_t early_inception = 1, deep_inception = inceptions.size() - 1;

/// `in` stays: it is what the module before gives.
InceptionChannels scaled(const InceptionChannels& full, double multiple) {
  const auto by = [&](int channels) { return scaled_by_eight(channels, multiple); };
  return {full.in,          by(full.branch1), by(full.reduce2), by(full.branch2),
          by(full.reduce3), by(full.branch3), by(full.branch4)};
}

at::Tensor halved(const at::Tensor& x, std::int64_t window) {
  return at::max_pool2d(x, {window, window}, {2, 2}, {0, 0}, {1, 1}, /*ceil_mode=*/true);
}

}  // namespace

BasicConvolution::BasicConvolution(int in, int out, int kernel, int stride) {
  convolution_ = register_module("conv", std::make_shared<Convolution>(Convolution::Options{
                                             in, out, kernel, stride, /*padding=*/kernel / 2, /*bias=*/false}));
  norm_ = register_module("bn", std::make_shared<BatchNorm>(out, epsilon));
}

at::Tensor BasicConvolution::forward(const at::Tensor& x) const {
  return norm_->forward(convolution_->forward(x)).relu_();
}

void BasicConvolution::initialise(at::Generator& generator) {
  convolution_->initialise(generator);
  norm_->initialise();
}

Inception::Inception(const InceptionChannels& c) {
  const auto add = [&](torch::nn::Module& parent, std::size_t branch, const std::string& name, int in, int out,
                       int kernel) {
    branches_[branch].push_back(parent.register_module(name, std::make_shared<BasicConvolution>(in, out, kernel)));
  };
  const auto sequence = [&](const std::string& name) {
    return register_module(name, std::make_shared<torch::nn::Module>());
  };
  add(*this, 0, "branch1", c.in, c.branch1, 1);
  const auto second = sequence("branch2"), third = sequence("branch3"), fourth = sequence("branch4");
  add(*second, 1, "0", c.in, c.reduce2, 1);
  add(*second, 1, "1", c.reduce2, c.branch2, 3);
  add(*third, 2, "0", c.in, c.reduce3, 1);
  add(*third, 2, "1", c.reduce3, c.branch3, 3);
  add(*fourth, 3, "1", c.in, c.branch4, 1);  // 0 is the pool
}

at::Tensor Inception::forward(const at::Tensor& x) const {
  std::vector<at::Tensor> outputs;
  for (std::size_t branch = 0; branch < branches_.size(); ++branch) {
    at::Tensor y = branch + 1 < branches_.size() ? x : at::max_pool2d(x, {3, 3}, {1, 1}, {1, 1});
    for (const auto& layer : branches_[branch]) y = layer->forward(y);
    outputs.push_back(y);
  }
  return at::cat(outputs, 1);
}

void Inception::initialise(at::Generator& generator) {
  for (const auto& branch : branches_)
    for (const auto& layer : branch) layer->initialise(generator);
}

GoogLeNet::GoogLeNet(double width_multiple)
    : Encoder(scaled(inceptions[early_inception].channels, width_multiple).out(),
              scaled(inceptions[deep_inception].channels, width_multiple).out()) {
  int channels = 3;
  for (std::size_t i = 0; i < stem_channels.size(); ++i) {
    const int out = scaled_by_eight(stem_channels[i], width_multiple);
    constexpr std::array kernels = {7, 1, 3};
    stem_.push_back(
        register_module("conv" + std::to_string(i + 1),
                        std::make_shared<BasicConvolution>(channels, out, kernels[i], /*stride=*/i == 0 ? 2 : 1)));
    channels = out;
  }
  for (const auto& [name, full] : inceptions) {
    InceptionChannels of_module = scaled(full, width_multiple);
    of_module.in = channels;
    inceptions_[name] = register_module("inception" + std::string(name), std::make_shared<Inception>(of_module));
    channels = of_module.out();
  }
}

Features GoogLeNet::forward(const at::Tensor& rgb) {
  constexpr double half_range = 127.5;
  at::Tensor x = halved(stem_[0]->forward((rgb / half_range - 1).contiguous(at::MemoryFormat::ChannelsLast)), 3);
  x = halved(stem_[2]->forward(stem_[1]->forward(x)), 3);
  Features features;
  for (const auto& [name, module] : inceptions_) {
    if (name == "4a") x = halved(x, 3);
    if (name == "5a") x = halved(x, 2);
    x = module->forward(x);
    if (name == inceptions[early_inception].name) features.early = x;
  }
  features.deep = x;
  return features;
}

void GoogLeNet::initialise(std::uint64_t seed) {
  auto generator = seeded_generator(seed);
  for (const auto& layer : stem_) layer->initialise(generator);
  for (const auto& [name, module] : inceptions_) module->initialise(generator);
}

int GoogLeNet::stage_of(const std::string& own) const {
  constexpr std::string_view inception = "inception";
  return own.starts_with(inception) ? own.at(inception.size()) - '0' - 1 : 1;
}

}  // namespace fastbox::models
