// Frames of an evaluation with what was found and what is there drawn into them, for TensorBoard.
//
// Pure function of the frames' files; thread-safe.
#pragma once

#include <span>

#include "data/dataset.hpp"
#include "eval/average_precision.hpp"
#include "io/event_file.hpp"

namespace fastbox::train {

/// The first `most` frames, by name, as PNG. `frames`: in the data set's order. Throws Error(data) where a picture cannot be
/// read.
io::EventPictures detection_pictures(std::span<const eval::FrameObjects> frames, const data::Dataset& dataset,
                                     int most);

}  // namespace fastbox::train
