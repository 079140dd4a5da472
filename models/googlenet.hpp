// GoogLeNet without its classifiers (Szegedy et al. 2014), with batch normalisation and 3x3 in place of the 5x5
// convolutions, as torchvision has it.
//
// Tensors are named as torchvision's: "conv1.conv.weight", "inception4a.branch2.1.bn.running_mean". Input: 2 rgb / 255 - 1,
// which is what torchvision's transform_input makes of its usual normalisation. model.freeze counts the stem (conv1 to
// conv3), then the inception modules of strides 8, 16 and 32.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <vector>

#include "models/batch_norm.hpp"
#include "models/encoder.hpp"
#include "models/layers.hpp"

namespace fastbox::models {

/// Convolution without bias, batch normalisation (epsilon 1e-3), ReLU.
class BasicConvolution : public torch::nn::Module {
 public:
  BasicConvolution(int in, int out, int kernel, int stride = 1);
  at::Tensor forward(const at::Tensor& x) const;
  void initialise(at::Generator& generator);

 private:
  std::shared_ptr<Convolution> convolution_;
  std::shared_ptr<BatchNorm> norm_;
};

/// Channels of one inception module: 1x1; 1x1 then 3x3; the same again; 3x3 max pool then 1x1.
struct InceptionChannels {
  int in, branch1, reduce2, branch2, reduce3, branch3, branch4;
  int out() const { return branch1 + branch2 + branch3 + branch4; }
};

class Inception : public torch::nn::Module {
 public:
  explicit Inception(const InceptionChannels& channels);
  at::Tensor forward(const at::Tensor& x) const;
  void initialise(at::Generator& generator);

 private:
  std::array<std::vector<std::shared_ptr<BasicConvolution>>, 4> branches_;
};

class GoogLeNet : public Encoder {
 public:
  explicit GoogLeNet(double width_multiple);

  /// early: inception3b (480 channels at full width); deep: inception5b (1024).
  Features forward(const at::Tensor& rgb) override;
  void initialise(std::uint64_t seed) override;
  void use_normalisation(Normalisation) override {}  // its own is torchvision's
  std::string torchvision_name(const std::string& own) const override { return own; }
  int stage_of(const std::string& own) const override;

 private:
  std::vector<std::shared_ptr<BasicConvolution>> stem_;
  std::map<std::string, std::shared_ptr<Inception>> inceptions_;  // "3a" to "5b", in the order of the forward pass
};

}  // namespace fastbox::models
