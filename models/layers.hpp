// The few layers that the encoders are made of, and how their parameters are first drawn.
//
// One device, one process; a module is used by one thread at a time. Kernels lie in channels-last order, which is what
// oneDNN and cuDNN are fastest with.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <memory>
#include <string>

#include "models/group_norm.hpp"
#include "models/group_norm_kernel.hpp"

namespace fastbox::models {

/// A generator whose numbers are a function of `seed` alone.
at::Generator seeded_generator(std::uint64_t seed);

/// Channels scaled by the width multiple: truncated, at least 8 (as the PyTorch twin does).
int scaled_channels(int channels, double width_multiple);

/// The same, truncated to a multiple of 8, which vector units and tensor cores are fastest with.
int scaled_by_eight(int channels, double width_multiple);

/// 2-D convolution with bias, same padding.
class Convolution : public torch::nn::Module {
 public:
  struct Options {
    int in = 0, out = 0;  ///< channels
    int kernel = 3;       ///< pixels, square
    int stride = 1;
    int padding = 1;
    bool bias = true;
  };

  explicit Convolution(const Options& options);
  at::Tensor forward(const at::Tensor& x) const;

  /// With the ReLU that follows, as one operator. Of one with a bias.
  at::Tensor forward_relu(const at::Tensor& x) const;

  /// By Winograd's algorithm from now on, where it suits (models/winograd.hpp).
  void use_winograd() { winograd_ = true; }

  /// He's normal draw for the kernel, scaled by `gain` (He et al. 2015, fan-in); the bias U(-1, 1) / sqrt(fan-in).
  void initialise(at::Generator& generator, double gain = 1);

  at::Tensor weight;  ///< out x in x kernel x kernel
  at::Tensor bias;    ///< out; undefined without one

 private:
  bool by_winograd(const at::Tensor& x) const;

  Options options_;
  bool winograd_ = false;
};

/// The weights of models::group_norm.
class GroupNorm : public torch::nn::Module {
 public:
  explicit GroupNorm(int channels);
  at::Tensor forward(const at::Tensor& x, const GroupNormOptions& options) const;

  at::Tensor weight, bias;  ///< channels; one and zero at first
};

/// Convolution without bias, group normalisation, the sum with `residual` where it is given, and a ReLU. `out`: a multiple
/// of channels_per_group.
class NormalisedConvolution : public torch::nn::Module {
 public:
  NormalisedConvolution(int in, int out, int kernel, int stride);
  at::Tensor forward(const at::Tensor& x, const at::Tensor& residual = {}) const;

  /// `starts_silent`: the normalisation's weight begins at zero, so that a residual block begins as the identity.
  void initialise(at::Generator& generator, bool starts_silent = false);

 private:
  std::shared_ptr<Convolution> convolution_;
  std::shared_ptr<GroupNorm> norm_;
};

}  // namespace fastbox::models
