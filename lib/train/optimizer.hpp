// SGD, Adam and AdamW over flat parameters, with the clip of the global norm and the moving average of the weights.
//
// Owns its state; views the parameters and the gradient of others. One thread. All ranks that give it equal gradients
// hold equal parameters ever after.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/settings.hpp"

namespace fastbox::train {

class Optimizer {
 public:
  /// `parameters`: the flat buffer. `decayed`: views of the matrices and kernels in it, which decoupled weight decay
  /// is for. Throws Error(usage) for an unknown optimizer.name.
  Optimizer(const config::OptimizerSettings& settings, at::Tensor parameters, std::vector<at::Tensor> decayed);

  /// One step with the averaged gradient. Returns its global norm before the clip; where that is not finite nothing is
  /// changed.
  double step(const at::Tensor& gradient, double learning_rate);

  const at::Tensor& parameters() const { return parameters_; }
  std::int64_t steps() const { return steps_; }

  /// What is evaluated and saved: the moving average where there is one, else the parameters. Flat.
  const at::Tensor& evaluated() const { return average_.defined() ? average_ : parameters_; }

  /// Name -> flat tensor of everything that a resumed run needs beside the evaluated parameters, and the way back.
  std::map<std::string, at::Tensor> state() const;
  void restore(std::int64_t steps);

 private:
  config::OptimizerSettings settings_;
  at::Tensor parameters_;
  std::vector<at::Tensor> decayed_;
  at::Tensor m_, v_, average_;
  std::int64_t steps_ = 0;
};

}  // namespace fastbox::train
