// KittiBox's loss: five terms, all divided by the cells of the global batch. Formulas: docs/model.md.
//
// The terms over cells are one operator (grid_losses.hpp), the weight decay is another (squared_norm.hpp).
// Pure functions; thread-safe.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "models/fastbox.hpp"

namespace fastbox::models {

/// Scalars, already weighted; their sum is what is minimised.
struct Losses {
  at::Tensor confidence, box, delta_confidence, delta_box, weight_decay;
  at::Tensor total() const { return confidence + box + delta_confidence + delta_box + weight_decay; }
};

/// A cell's confidence target is 1 for one class or 0 for all, and its weight is 1 where it is positive, else 0. A cell
/// that any class does not judge is judged by none. `global_images`: as in Network::losses.
Losses losses(const Output& out, const Targets& targets, const std::vector<at::Tensor>& kernels,
              const LossOptions& options, double global_images);

/// The same by LibTorch's operators: what the other one is proven by, and what is taken while the network is traced or
/// where outputs and targets are not all float or all double.
Losses plain_losses(const Output& out, const Targets& targets, const std::vector<at::Tensor>& kernels,
                    const LossOptions& options, double global_images);

}  // namespace fastbox::models
