// VGG16 without its classifier (Simonyan, Zisserman 2014, configuration D), as KittiBox cuts it; also with batch
// normalisation after every convolution.
//
// Thirteen 3x3 same convolutions with bias and ReLU, five 2x2 max pools. Input: BGR minus the ImageNet means of Caffe's
// model, no division; or torchvision's normalisation, which is the only one with batch normalisation. Tensors are named
// as torchvision's vgg16 (vgg16_bn) names its features: "layers.N.weight". model.freeze counts the groups between pools.
#pragma once

#include <map>

#include "models/batch_norm.hpp"
#include "models/encoder.hpp"
#include "models/layers.hpp"

namespace fastbox::models {

class Vgg16 : public Encoder {
 public:
  explicit Vgg16(double width_multiple = 1, bool batch_norm = false);

  /// early: conv4_3 after its ReLU (512 channels at full width); deep: pool5 (512).
  Features forward(const at::Tensor& rgb) override;
  void initialise(std::uint64_t seed) override;
  void use_normalisation(Normalisation wanted) override;
  std::string torchvision_name(const std::string& own) const override;
  int stage_of(const std::string& own) const override;

 private:
  std::map<int, std::shared_ptr<Convolution>> convolutions_;  ///< by position in the list of layers, torchvision's N
  std::map<int, std::shared_ptr<BatchNorm>> norms_;           ///< by the position of their convolution; empty without
  std::map<int, int> stages_;                                 ///< by the same; and by that of the norm
  Normalisation normalisation_;
};

}  // namespace fastbox::models
