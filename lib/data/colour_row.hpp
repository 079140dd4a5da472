// From a row's bytes to an image's floats: the last of augment_kernel.hpp's passes over a whole row, with the same bits.
//
// Thread-safe: no state. Every processor gives the same bits (vectors.hpp).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "data/vectors.hpp"

namespace fastbox::data {

/// What is done to each of an image's rows.
struct RowColour {
  bool changes = false;  ///< else bytes become floats, and nothing below matters
  bool tints = false;    ///< else saturation and hue stay
  double brightness = 0, contrast = 1;
  std::array<double, 3> mean{};  ///< of each channel over the image, made brighter
  double saturation = 1, hue = 0;
};

/// `planes`: as resize_kernels.hpp has them, of `width` pixels. Writes [width][3] floats in 0..255.
void colour_row(const std::uint8_t* planes, std::size_t width, const RowColour& colour, float* out,
                Vectors most = Vectors::avx512);

}  // namespace fastbox::data
