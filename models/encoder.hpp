// What every encoder gives the decoder: features at strides 8 and 32.
//
// One device, one process; not thread-safe (a module is used by one thread at a time). A module owns its parameters.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "models/normalisation.hpp"

namespace fastbox::models {

struct Features {
  at::Tensor early;  ///< B x early_channels x H/8 x W/8
  at::Tensor deep;   ///< B x deep_channels x H/32 x W/32
};

class Encoder : public torch::nn::Module {
 public:
  /// `rgb`: B x 3 x H x W, values 0..255, H and W multiples of 32. The encoder normalises its input itself.
  virtual Features forward(const at::Tensor& rgb) = 0;

  int early_channels() const { return early_channels_; }
  int deep_channels() const { return deep_channels_; }

  /// Whether the early features have met what the deeper ones saw, as in a feature pyramid.
  virtual bool early_knows_deep() const { return false; }

  /// Throws Error(usage) where the encoder has no other than its own.
  virtual void use_normalisation(Normalisation wanted);

  /// The name in torchvision's state_dict of the encoder's tensor `own`; "" where torchvision has no such encoder.
  virtual std::string torchvision_name(const std::string& own) const;

  /// Which stage the parameter or module `own` is of: the stem is 1, then one or more for each halving of the
  /// resolution; 0: of none (the encoder itself). Here: the order of the outermost modules.
  virtual int stage_of(const std::string& own) const;
  int stages() const;

  /// The first `frozen_stages` have no gradient from now on, and their batch normalisation is frozen; the other stages'
  /// is as well unless `trains_batch_norm`. After to(), which makes new tensors. Throws Error(usage) for more stages than
  /// there are.
  void freeze(int frozen_stages, bool trains_batch_norm);

  /// Name and tensor of the running statistics that training changes: those of batch normalisation that is not frozen.
  std::vector<std::pair<std::string, at::Tensor>> trained_statistics() const;

  /// The convolution kernels that are trained: what the loss's weight decay is over.
  std::vector<at::Tensor> kernels() const;

  /// Draws all parameters anew, as a function of the seed.
  virtual void initialise(std::uint64_t seed) = 0;

 protected:
  Encoder(int early_channels, int deep_channels) : early_channels_(early_channels), deep_channels_(deep_channels) {}

 private:
  int early_channels_, deep_channels_;
};

/// The encoders' names, for the run file's check.
const std::vector<std::string>& encoder_names();

/// Whether the encoder of this name has batch normalisation; false for unknown names.
bool has_batch_norm(const std::string& encoder);

/// `width_multiple` scales the channel counts (at least 8 each; small's, ResNet's and GoogLeNet's are multiples of 8). Throws Error(usage) for an unknown name.
std::shared_ptr<Encoder> make_encoder(const std::string& name, double width_multiple);

}  // namespace fastbox::models
