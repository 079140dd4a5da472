// ResNet-50 and ResNet-101 without their classifier (He et al. 2015), with the stride in the 3x3 convolution of a block, as
// torchvision has them.
//
// Tensors are named as torchvision's: "conv1.weight", "layer3.0.bn2.running_mean", "layer3.0.downsample.0.weight". Input:
// torchvision's ImageNet normalisation. model.freeze counts the stem (conv1, bn1) and layer1 to layer4.
#pragma once

#include <memory>
#include <vector>

#include "models/batch_norm.hpp"
#include "models/encoder.hpp"
#include "models/layers.hpp"

namespace fastbox::models {

/// ReLU(shortcut(x) + norm(1x1(ReLU(norm(3x3(ReLU(norm(1x1(x))))))))), four times `width` channels.
class Bottleneck : public torch::nn::Module {
 public:
  static constexpr int expansion = 4;

  /// The shortcut is a convolution where the stride or the channels change.
  Bottleneck(int in, int width, int stride);
  at::Tensor forward(const at::Tensor& x) const;
  void initialise(at::Generator& generator);

 private:
  struct Normalised {
    std::shared_ptr<Convolution> convolution;
    std::shared_ptr<BatchNorm> norm;
  };
  std::vector<Normalised> parts_;  // three; a fourth: the shortcut
};

class ResNet : public Encoder {
 public:
  /// `blocks`: of layer1 to layer4; (3, 4, 6, 3) is ResNet-50, (3, 4, 23, 3) ResNet-101.
  ResNet(std::vector<int> blocks, double width_multiple);

  /// early: layer2 (512 channels at full width); deep: layer4 (2048).
  Features forward(const at::Tensor& rgb) override;
  void initialise(std::uint64_t seed) override;
  void use_normalisation(Normalisation) override {}  // its own is torchvision's
  std::string torchvision_name(const std::string& own) const override { return own; }
  int stage_of(const std::string& own) const override;

 private:
  std::shared_ptr<Convolution> conv1_;
  std::shared_ptr<BatchNorm> bn1_;
  std::vector<std::vector<std::shared_ptr<Bottleneck>>> layers_;
};

}  // namespace fastbox::models
