// The model's parameters moved into one flat buffer, laid out as the gradients are.
//
// The optimiser then is one pass over two buffers. The model's tensors become views; whoever loads weights copies into
// them and must not replace them. One thread at a time.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

#include "comm/bucket_plan.hpp"

namespace fastbox::train {

/// Moves the parameters (in the plan's order of the forward pass) into a new buffer of plan.elements and returns it.
/// Shapes, strides and values stay. Requires that no autograd graph holds them.
at::Tensor flatten(std::vector<std::pair<std::string, at::Tensor>>& parameters, const comm::BucketPlan& plan);

/// The stretch of `flat` that stands for one parameter, shaped as it is.
at::Tensor view_of(const at::Tensor& flat, const at::Tensor& parameter, const comm::Slot& slot);

}  // namespace fastbox::train
