// VGG16 without its classifier (Simonyan, Zisserman 2014, configuration D), as KittiBox cuts it.
//
// Thirteen 3x3 same convolutions with bias and ReLU, five 2x2 max pools. Input: BGR minus the ImageNet means of Caffe's
// model, no division. Parameters are named as torchvision's vgg16 names its features: "layers.N.weight".
#pragma once

#include <map>

#include "models/encoder.hpp"
#include "models/layers.hpp"

namespace fastbox::models {

class Vgg16 : public Encoder {
 public:
  explicit Vgg16(double width_multiple = 1);

  /// early: conv4_3 after its ReLU (512 channels at full width); deep: pool5 (512).
  Features forward(const at::Tensor& rgb) override;
  void initialise(std::uint64_t seed) override;

 private:
  std::map<int, std::shared_ptr<Convolution>> convolutions_;  ///< by position in the list of layers, torchvision's N
};

}  // namespace fastbox::models
