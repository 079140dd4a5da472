// Adam over one flat buffer, an operator of torch's dispatcher: fastbox::adam_step.
//
// The CPU's code is in adam_step.cpp, the GPU's twin in adam_step.cu, which the CUDA plugin registers: callers never
// ask which. Thread-safe for distinct tensors.
#pragma once

#include <ATen/core/Tensor.h>

namespace fastbox::train {

/// In place, for every element, with g = gradient * gradient_scale:
///
///   m = beta1 m + (1 - beta1) g;   v = beta2 v + (1 - beta2) g^2;   w = w - step_size m / (sqrt(v) + epsilon)
///
/// TensorFlow's form (epsilon added to the uncorrected sqrt(v)) with step_size = rate sqrt(1 - beta2^t) / (1 -
/// beta1^t); PyTorch's form is the same with epsilon * sqrt(1 - beta2^t). All tensors: one dimension, contiguous, of
/// one length, float type and device.
void adam_step(at::Tensor& parameters, const at::Tensor& gradient, at::Tensor& m, at::Tensor& v, double step_size,
               double beta1, double beta2, double epsilon, double gradient_scale);

}  // namespace fastbox::train
