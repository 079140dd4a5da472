// Decoding and standard suppression of a network's grid, an operator of torch's dispatcher: fastbox::suppress.
//
// The CPU's code, in suppress_grid.cpp, calls lib/eval. The GPU's twin, in suppress_grid.cu, which the CUDA plugin
// registers, finds the same boxes in the same order (eval/suppression_kernel.hpp), and only these are copied to the
// host. Stitch and soft suppression change boxes and confidences as they go and stay on the host
// (eval/suppression.hpp): they want the maps there. Thread-safe: no state.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "eval/decode.hpp"

namespace fastbox::train {

/// For each class eval::suppress(eval::decode(...), overlap). `confidence`: C x gh x gw, `box`: gh x gw x 4; float32,
/// contiguous, on one device. Throws Error(numbers) as eval::decode does. Waits for a GPU once, and again where a class
/// keeps more than 127 boxes. Grids of more than 16,384 cells are suppressed on the host: a bit for each pair of cells
/// would take more than 32 MiB a class.
std::vector<std::vector<eval::Candidate>> suppress_grid(const at::Tensor& confidence, const at::Tensor& box,
                                                        const eval::GridGeometry& grid,
                                                        const eval::DecodeOptions& options, double overlap);

}  // namespace fastbox::train
