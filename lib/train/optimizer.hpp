// SGD, Adam, AdamW, LARS and LAMB over flat parameters, with the clip of the global norm and the moving average of the
// weights.
//
// Owns its state; views the parameters and the gradient of others. One thread. All ranks that give it equal gradients
// and norms hold equal parameters ever after. Formulas: adam_step.hpp, layerwise_step.hpp.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "train/adam_step.hpp"
#include "train/layerwise_step.hpp"

namespace fastbox::train {

class Optimizer {
 public:
  /// `parameters`: the flat buffer. `layers`: every parameter's stretch of it; what lies between them is zero. Adam, AdamW
  /// and SGD step everything and ask the layers what to decay; LARS and LAMB step the layers alone. Throws Error(usage) for
  /// an unknown optimizer.name, Error(defect) for a layer that lies outside the buffer.
  Optimizer(const config::OptimizerSettings& settings, at::Tensor parameters, std::vector<Layer> layers);

  /// One step with the averaged gradient, whose global norm the caller knows and found finite. `rounded`, where it is
  /// defined: bf16, as long as the parameters, and then what a cast would make of them; Adam's and AdamW's kernel writes it
  /// along, the others cast.
  void step(const at::Tensor& gradient, double gradient_norm, double learning_rate, const at::Tensor& rounded = {});

  const at::Tensor& parameters() const { return parameters_; }
  std::int64_t steps() const { return steps_; }

  /// What is evaluated and saved: the moving average where there is one, else the parameters. Flat.
  const at::Tensor& evaluated() const { return average_.defined() ? average_ : parameters_; }

  /// The share that the present parameters had in the last step's moving average.
  double average_share() const;

  /// Name -> flat tensor of everything that a resumed run needs beside the evaluated parameters, and the way back.
  std::map<std::string, at::Tensor> state() const;
  void restore(std::int64_t steps);

 private:
  void step_sgd(const at::Tensor& gradient, double clip, double learning_rate);
  void step_adam(const at::Tensor& gradient, double clip, double learning_rate, const at::Tensor& rounded);

  config::OptimizerSettings settings_;
  at::Tensor parameters_;
  std::vector<Layer> layers_;
  at::Tensor m_, v_, average_;
  at::Tensor scratch_;  // lamb: the step before its layers are scaled
  WeightDecay decay_;   // adamw
  std::int64_t steps_ = 0;
};

}  // namespace fastbox::train
