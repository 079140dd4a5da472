// The center decoder's loss: penalty-reduced focal loss of the maps of centres, and one minus the generalised IoU (or the
// distance IoU) of the boxes. Formulas: docs/model.md.
//
// Pure functions; thread-safe.
#pragma once

#include <ATen/core/Tensor.h>

#include "models/network.hpp"

namespace fastbox::models {

/// Per element, of logits and targets t in 0..1 alike in shape: where t is 1, -(1 - p)^2 log p, elsewhere
/// -(1 - t)^4 p^2 log(1 - p), p the logits' sigmoid. Source: Zhou et al. 2019, "Objects as Points", equation 1.
at::Tensor penalty_reduced_focal(const at::Tensor& logits, const at::Tensor& truth);

/// The same but for the inner cells, t at least a half: there -sqrt(w) (q log p + (1 - q) log(1 - p)), q the IoU of the cell's own
/// box with its object's, w the cell's weight. All in the logits' shape or broadcast to it; no gradient flows to q.
/// The score then tells how good the box is, and a large object has many cells that learn it. After Zhang et al. 2021,
/// "VarifocalNet".
at::Tensor overlap_focal(const at::Tensor& logits, const at::Tensor& truth, const at::Tensor& overlap,
                         const at::Tensor& weight);

/// Of boxes given by what they reach left, top, right and bottom of a common point: ... x 4, each pair with a positive
/// width and height or an empty truth.
struct Overlap {
  at::Tensor iou;          ///< 0..1
  at::Tensor generalised;  ///< GIoU, -1..1. Source: Rezatofighi et al. 2019
};
Overlap overlap_of(const at::Tensor& reach, const at::Tensor& truth);

/// DIoU of the same boxes, -1..1, from their IoU. Source: Zheng et al. 2020, "Distance-IoU Loss".
at::Tensor distance_overlap(const at::Tensor& reach, const at::Tensor& truth, const at::Tensor& iou);

/// (dx, dy, w, h) of Targets -> reaches of the cell's centre.
at::Tensor reaches_of(const at::Tensor& box);

struct CenterLosses {
  at::Tensor confidence, box;  ///< scalars, weighted
};

/// `logits`: B x gh x gw x C; `reach`: B x gh x gw x 4, pixels. Both sums are divided by the images of the global batch
/// (not by its objects, whose number no rank knows alone).
CenterLosses losses_of_cells(const at::Tensor& logits, const at::Tensor& reach, const Targets& targets,
                             const LossOptions& options, double global_images);

/// The same by LibTorch's operators: what the one pass over the cells is proven by, and what a traced network takes.
CenterLosses plain_losses_of_cells(const at::Tensor& logits, const at::Tensor& reach, const Targets& targets,
                                   const LossOptions& options, double global_images);

}  // namespace fastbox::models
