// Batch normalisation (Ioffe, Szegedy 2015), trained or frozen.
//
// Trained, and while the module is in training mode, it normalises by the statistics of the images of one pass, and its
// running statistics follow them: results then depend on which images share a pass. Otherwise it normalises by the
// running statistics and leaves them. One device, one process; used by one thread at a time.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

namespace fastbox::models {

class BatchNorm : public torch::nn::Module {
 public:
  explicit BatchNorm(int channels, double epsilon = 1e-5);

  /// `x`: B x channels x H x W.
  at::Tensor forward(const at::Tensor& x) const;

  /// From now on the running statistics are used, also in training, and weight and bias have no gradient.
  void freeze();
  bool is_frozen() const { return frozen_; }

  /// Weight and variance one, bias and mean zero.
  void initialise();

  at::Tensor weight, bias;               ///< channels
  at::Tensor running_mean, running_var;  ///< channels; the variance's estimate has no bias

 private:
  double epsilon_;
  bool frozen_ = false;
};

}  // namespace fastbox::models
