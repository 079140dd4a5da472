// Frames made into the network's images on the device that holds them, an operator of torch's dispatcher:
// fastbox::augment.
//
// Resized, mirrored and coloured as data::ImageMaker does it, with the same bits on a CPU and on a GPU: whole numbers,
// and doubles in the same order without fused multiply-add. The CPU's code is in augment_images.cpp, the GPU's twin in
// augment_images.cu, which the CUDA plugin registers: callers never ask which. Thread-safe.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

#include "data/image_change.hpp"

namespace fastbox::train {

/// The images' size, and what no frame of the batch exceeds: room that is made before their changes can be read.
struct AugmentSize {
  std::int64_t height = 0, width = 0;  ///< pixels of an image
  std::int64_t rows = 0;               ///< pixels of a frame, from top to bottom
  std::int64_t taps = 0;               ///< input pixels of an output pixel, along either axis
};

/// For these changes.
AugmentSize augment_size(std::span<const data::ImageChange> changes, int height, int width);

/// `frames`: uint8 [images][bytes], each frame packed [frame_height][frame_width][3] at the start of its row.
/// `changes`: double [images][11], each row a data::ImageChange. Gives float [images][height][width][3], 0..255.
/// On a GPU it is queued on the current stream; what the changes ask for is not checked there. Throws c10::Error for
/// other tensors, and on a CPU for a frame larger than its row or than `size` says, a region without extent, and
/// |hue| > 1/2.
at::Tensor augment(const at::Tensor& frames, const at::Tensor& changes, const AugmentSize& size);

}  // namespace fastbox::train
