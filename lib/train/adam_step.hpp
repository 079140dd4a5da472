// Adam over one flat buffer, with all that comes with an update, in one pass: an operator of torch's dispatcher,
// fastbox::adam_step.
//
// The CPU's code is in adam_step.cpp, the GPU's twin in adam_step.cu, which the CUDA plugin registers: callers never
// ask which. On a GPU it is one kernel, which is queued and not waited for; its numbers are arguments, so nothing is read
// back. Thread-safe for distinct tensors.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace fastbox::train {

struct AdamNumbers {
  double step_size, beta1, beta2, epsilon;
  double gradient_scale = 1;  ///< what the gradient is multiplied by before all else: the clip
};

/// Decoupled weight decay of some elements.
struct WeightDecay {
  at::Tensor blocks;       ///< uint8, one for each `block` elements (or what is left): 0 where none of them decays
  std::int64_t block = 1;  ///< a power of two
  double kept = 1;         ///< of a weight that decays, before the step: 1 - rate * decay
};

struct MovingAverage {
  at::Tensor values;
  double share = 0;  ///< that the new weights have in it, 0 .. 1
};

/// In place, for every element, with g = gradient * gradient_scale:
///
///   m = beta1 m + (1 - beta1) g;   v = beta2 v + (1 - beta2) g^2
///   w = kept w - step_size m / (sqrt(v) + epsilon);   average = average + share (w - average)
///
/// TensorFlow's form (epsilon added to the uncorrected sqrt(v)) with step_size = rate sqrt(1 - beta2^t) / (1 -
/// beta1^t); PyTorch's form is the same with epsilon * sqrt(1 - beta2^t). `decay` without blocks: kept is 1; `average`
/// without values: none. All tensors but the blocks: one dimension, contiguous, of one length, float type and device.
/// `rounded`, where it is defined, becomes w in bf16, to nearest even as a cast rounds; of float parameters only.
void adam_step(at::Tensor& parameters, const at::Tensor& gradient, at::Tensor& m, at::Tensor& v,
               const AdamNumbers& numbers, const WeightDecay& decay = {}, const MovingAverage& average = {},
               const at::Tensor& rounded = {});

}  // namespace fastbox::train
