// Box voting: a detection's box as the mean of what the cells around its peak say.
//
// Each cell near an object's centre has a box of its own for it, and their errors differ; the peak's is no better than
// its neighbours'. Source: Gidaris and Komodakis 2015, "Object detection via a multi-region and semantic segmentation-aware
// CNN model", section 5.2, with equal weights and before suppression. No state; ATen's operators alone, so that it can be
// traced, on any device.
#pragma once

#include "models/network.hpp"

namespace fastbox::models {

/// A box votes where its IoU with the peak's is above this.
inline constexpr double least_overlap_of_voters = 0.5;

/// The boxes of `seen`, those of cells with a confidence above `least_confidence` replaced by the mean over the cells at
/// most `reach` rows and columns away. `seen`: with confidences at its peaks alone. `stride`: pixels of a cell.
/// B x gh x gw x 4.
at::Tensor voted_boxes(const Prediction& seen, int reach, double least_confidence, int stride);

}  // namespace fastbox::models
