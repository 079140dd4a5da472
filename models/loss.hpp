// KittiBox's loss: five terms, all divided by the cells of the global batch. Formulas: docs/model.md.
//
// Pure functions; thread-safe.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "models/fastbox.hpp"

namespace fastbox::models {

/// What the network should have said. All of the output's floating type and device.
struct Targets {
  at::Tensor confidence;  ///< B x gh x gw: 1 where the cell is positive, else 0
  at::Tensor box;         ///< B x gh x gw x 4: (dx, dy, w, h) in pixels of the input; 0 where not positive
  at::Tensor mask;        ///< B x gh x gw: 0 where the cell's confidence is not judged (DontCare), else 1
};

struct LossOptions {
  double confidence = 1.0, box = 0.1, delta_confidence = 0.1, delta_box = 0.003;  ///< weights of the terms
  double delta_box_clip = 100;                                                    ///< squared pixels
  double weight_decay = 5e-4;
};

/// Scalars, already weighted; their sum is what is minimised.
struct Losses {
  at::Tensor confidence, box, delta_confidence, delta_box, weight_decay;
  at::Tensor total() const { return confidence + box + delta_confidence + delta_box + weight_decay; }
};

/// `global_images`: images of the step over all ranks, this call's among them: the sum over the ranks of what each
/// computes on its own images is the loss of the global batch. The decay is shared out by images for the same reason.
Losses losses(const Output& out, const Targets& targets, const std::vector<at::Tensor>& kernels,
              const LossOptions& options, double global_images);

}  // namespace fastbox::models
