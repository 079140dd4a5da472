// Samples as the network sees them, drawn so that a person can judge augmentation and targets: `fastbox data show`.
//
// Thread-safe: no state.
#pragma once

#include <opencv2/core.hpp>

#include <vector>

#include "data/batch.hpp"

namespace fastbox::report {

/// The batch's `index`-th image (CV_8UC3, RGB, of the network's size) with its targets: cells of which a class's confidence
/// counts nothing are darkened with red, cells that hold something of a class are brightened in its colour as far as they
/// do, and every box that a cell is to learn is drawn, each once. The frame's name stands in a corner. Requires
/// 0 <= index < batch.images.
cv::Mat draw_sample(const data::Batch& batch, int index);

/// The pictures, of one size, in rows of `columns`, each scaled to `width` pixels and set apart by a dark line. Requires
/// pictures, columns > 0 and width > 0.
cv::Mat contact_sheet(const std::vector<cv::Mat>& pictures, int columns, int width);

}  // namespace fastbox::report
