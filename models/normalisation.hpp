// The input normalisations of published weights.
//
// Pure functions; thread-safe.
#pragma once

#include <ATen/core/Tensor.h>

namespace fastbox::models {

/// What an encoder does to its input before the first convolution. It goes with the weights: features of pretrained ones
/// mean nothing under another.
enum class Normalisation {
  own,         ///< the encoder's own, docs/model.md
  torchvision  ///< as torchvision's weights of that encoder expect
};

/// rgb turned to BGR, less Caffe's means of ImageNet's channels: what KittiBox's VGG16 expects. `rgb`: B x 3 x H x W, 0..255.
/// Channels-last.
at::Tensor caffe_normalised(const at::Tensor& rgb);

/// (rgb / 255 - mean) / deviation with ImageNet's of each channel, as torchvision's ImageClassification transform.
/// `rgb`: B x 3 x H x W, 0..255. Channels-last.
at::Tensor imagenet_normalised(const at::Tensor& rgb);

}  // namespace fastbox::models
