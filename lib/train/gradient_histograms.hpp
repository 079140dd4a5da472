// Tensors as histograms, for TensorBoard.
//
// Pure function; thread-safe.
#pragma once

#include "io/event_file.hpp"
#include "train/tensor_file.hpp"

namespace fastbox::train {

/// One for each tensor, by its name, in the map's order. Each tensor is of float32 or float64 on any device, has a value, and
/// covers its memory without holes, as parameters do; all values are finite.
io::Histograms histograms_of(const NamedTensors& tensors);

}  // namespace fastbox::train
