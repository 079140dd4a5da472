// What every encoder gives the decoder: features at strides 8 and 32.
//
// One device, one process; not thread-safe (a module is used by one thread at a time). A module owns its parameters.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

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

  /// The convolution kernels: what the loss's weight decay is over.
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

/// `width_multiple` scales the channel counts (at least 8 each). Throws Error(usage) for an unknown name.
std::shared_ptr<Encoder> make_encoder(const std::string& name, double width_multiple);

}  // namespace fastbox::models
