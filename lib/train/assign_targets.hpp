// Targets of a batch from its rectangles, operators of torch's dispatcher: fastbox::assign_targets (FastBox's) and
// fastbox::assign_center_targets.
//
// The CPU's code, in assign_targets.cpp, calls lib/data; the GPU's twin is in assign_targets.cu, which the CUDA plugin
// registers: FastBox's targets have the same bits, the center decoder's may differ in a float's last one (exp and log
// of two libraries). The loader makes its targets on the CPU and does not call these. Thread-safe: no state.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "data/cell_targets.hpp"
#include "models/network.hpp"

namespace fastbox::train {

/// The rectangles of B images, at most `most` each.
struct BatchRectangles {
  /// Bytes, B x most x 48: PlainRectangle as memory holds it. What follows an image's own is undefined.
  at::Tensor rectangles;
  at::Tensor counts;  ///< int64, B: of each image
};

/// On the CPU. Throws Error(data) where an image has more than `most`.
BatchRectangles to_rectangles(const std::vector<std::vector<data::Rectangle>>& images, std::int64_t most);

/// data::CellTargets' of each image, on the rectangles' device, in float32.
models::Targets assign_targets(const BatchRectangles& batch, const data::CellRule& rule);

/// data::CenterTargets' of each image, likewise.
models::Targets assign_center_targets(const BatchRectangles& batch, const data::Grid& grid);

}  // namespace fastbox::train
