// Eight channels of one maximum of 2 x 2 pixels, and the way back: what a thread of a GPU does.
//
// Portable (base/portable.hpp), channels-last maps in plain memory of the caller. Same results as max_pool_kernel.hpp,
// which is the CPU's: tests/unit/models/max_pool_test.cpp holds one against the other.
#pragma once

#include "models/portable_lanes.hpp"

namespace fastbox::models {

/// Maps that are pooled, of any number of images; channels a multiple of `lanes`. Maxima are numbered as they lie in
/// memory: image by image, row by row, pixel by pixel, eight channels a number; there are fewer than 2^32.
struct PoolSizes {
  std::int64_t height = 0, width = 0, channels = 0;

  FASTBOX_PORTABLE std::uint32_t rows() const { return static_cast<std::uint32_t>(height / 2); }
  FASTBOX_PORTABLE std::uint32_t columns() const { return static_cast<std::uint32_t>(width / 2); }
  FASTBOX_PORTABLE std::uint32_t groups() const { return static_cast<std::uint32_t>(channels / lanes); }

  /// Element of the maps where the upper left of a maximum's four pixels begins.
  FASTBOX_PORTABLE std::int64_t upper_left(std::int64_t maximum) const {
    const auto number = static_cast<std::uint32_t>(maximum);
    const std::uint32_t group = number % groups(), pixel = number / groups();
    const std::uint32_t column = pixel % columns(), line = pixel / columns();
    const std::int64_t image = line / rows(), row = line % rows();
    return ((image * height + 2 * row) * width + 2 * column) * channels + group * lanes;
  }

  /// From there to the four pixels, in the order in which the first of equal ones is the maximum.
  FASTBOX_PORTABLE std::int64_t step_to(int pixel) const { return (pixel / 2 * width + pixel % 2) * channels; }
};

/// Which of four pixels each of eight channels comes from.
struct alignas(8) LaneBytes {
  std::uint8_t of[lanes];
};

/// Reads four pixels of `x`, writes y and, unless null, `which` (0 .. 3).
template <typename Element>
FASTBOX_PORTABLE void pool_lanes(const Element* x, const PoolSizes& sizes, std::int64_t maximum, Element* y,
                                 std::uint8_t* which) {
  const Element* const from = x + sizes.upper_left(maximum);
  auto most = load_lanes(from);
  LaneBytes first = {};
  for (int pixel = 1; pixel < 4; ++pixel) {
    const auto other = load_lanes(from + sizes.step_to(pixel));
    for (int lane = 0; lane < lanes; ++lane) {
      const bool takes = other.of[lane] > most.of[lane] || other.of[lane] != other.of[lane];
      most.of[lane] = takes ? other.of[lane] : most.of[lane];
      first.of[lane] = takes ? static_cast<std::uint8_t>(pixel) : first.of[lane];
    }
  }
  store_lanes(most, y + maximum * lanes);
  if (which == nullptr) return;
#if defined(__CUDA_ARCH__)
  *reinterpret_cast<LaneBytes*>(which + maximum * lanes) = first;
#else
  memcpy(which + maximum * lanes, &first, sizeof first);
#endif
}

/// Writes the gradients of the four pixels: a maximum's to the pixel that `which` names, zero to the other three.
template <typename Element>
FASTBOX_PORTABLE void spread_lanes(const Element* gradient, const std::uint8_t* which, const PoolSizes& sizes,
                                   std::int64_t maximum, Element* x) {
  const auto values = load_lanes(gradient + maximum * lanes);
#if defined(__CUDA_ARCH__)
  const LaneBytes first = *reinterpret_cast<const LaneBytes*>(which + maximum * lanes);
#else
  LaneBytes first;
  memcpy(&first, which + maximum * lanes, sizeof first);
#endif
  Element* const to = x + sizes.upper_left(maximum);
  for (int pixel = 0; pixel < 4; ++pixel) {
    auto share = values;
    for (int lane = 0; lane < lanes; ++lane)
      if (first.of[lane] != pixel) share.of[lane] = 0;
    store_lanes(share, to + sizes.step_to(pixel));
  }
}

}  // namespace fastbox::models
