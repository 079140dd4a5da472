// bf16 copies of parameters that are there already, for convolutions and products to read in place of a cast of each.
//
// Within autocast an operand is rounded to bf16 wherever it is used. A parameter changes once a step only, and what changes
// it can write both. Where a copy is in use, values and gradients have the bits that they have with autocast's cast. Per
// thread, as autocast is. Who makes the copies keeps them fresh.
#pragma once

#include <ATen/core/Tensor.h>

#include <unordered_map>

namespace fastbox::models {

/// Of a parameter (fp32, alive as long as this is) its copy: bf16, of the same sizes and strides, without a graph.
using RoundedCopies = std::unordered_map<const c10::TensorImpl*, at::Tensor>;

/// Has this thread's convolutions and products take the copies for as long as it lives; within autocast, whose operands
/// are then of one type. `copies` outlives it. One within another takes the other's place.
class WithRoundedCopies {
 public:
  explicit WithRoundedCopies(const RoundedCopies& copies);
  ~WithRoundedCopies();
  WithRoundedCopies(const WithRoundedCopies&) = delete;
  WithRoundedCopies& operator=(const WithRoundedCopies&) = delete;

 private:
  const RoundedCopies* before_;
};

/// What a convolution or product reads of a parameter: its copy, whose gradient reaches the parameter in fp32. The tensor
/// itself where it has no copy in use; it may be undefined.
at::Tensor operand_of(const at::Tensor& parameter);

/// The same without a graph.
at::Tensor rounded_values_of(const at::Tensor& parameter);

}  // namespace fastbox::models
