// One axis of a bicubic resize: the input pixels that an output pixel takes, and their weights in fixed point.
//
// Portable (base/portable.hpp): resize.cpp asks for a whole axis at once, a GPU for each output pixel alone. resize.hpp
// names the sources.
#pragma once

#include <cmath>
#include <cstdint>

#include "base/portable.hpp"

namespace fastbox::data {

constexpr int weight_bits = 32 - 8 - 2;  ///< 8 bits of pixel, and 2 for the kernel's overshoot and sign
constexpr std::int32_t fixed_half = 1 << (weight_bits - 1);
constexpr double kernel_radius = 2;  ///< of the cubic kernel, in pixels of the coarser side

/// A sum of bytes times weights, begun with fixed_half.
FASTBOX_PORTABLE std::uint8_t fixed_to_byte(std::int32_t sum) {
  const std::int32_t value = sum >> weight_bits;
  return static_cast<std::uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
}

/// The cubic convolution kernel with a = -1/2.
FASTBOX_PORTABLE double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

/// `output` pixels over begin .. end of an axis of `input` pixels.
struct ResizeAxis {
  int input;
  double begin, scale;   // scale: input pixels an output pixel
  double radius;         // of the kernel, in input pixels
  double inverse_scale;  // of the kernel
};

FASTBOX_PORTABLE ResizeAxis resize_axis(int input, double begin, double end, int output) {
  const double scale = (end - begin) / output, filter_scale = scale < 1.0 ? 1.0 : scale;
  return {input, begin, scale, kernel_radius * filter_scale, 1.0 / filter_scale};
}

/// The first input pixel that an output pixel takes, and the first that it no longer takes.
struct Reach {
  double centre;
  int low, high;
};

FASTBOX_PORTABLE Reach reach_of(const ResizeAxis& axis, int output) {
  double centre = axis.begin + (output + 0.5) * axis.scale;
  if (centre < 0) centre = 0.5;  // outside of the picture its border repeats
  if (centre > axis.input) centre = axis.input - 0.5;
  const int low = static_cast<int>(centre - axis.radius + 0.5), high = static_cast<int>(centre + axis.radius + 0.5);
  return {centre, low < 0 ? 0 : low, high > axis.input ? axis.input : high};
}

/// No output pixel of the axis takes more.
FASTBOX_PORTABLE int most_taps(const ResizeAxis& axis) {
  return static_cast<int>(2 * axis.radius) + 2;  // a whole one, and one for rounding
}

/// Of input pixel `index`, before it is made a share of their sum.
FASTBOX_PORTABLE double exact_weight(const ResizeAxis& axis, const Reach& reach, int index) {
  return cubic((index - reach.centre + 0.5) * axis.inverse_scale);
}

/// In fixed point; `sum`: of the output pixel's exact weights.
FASTBOX_PORTABLE std::int32_t fixed_weight(double exact, double sum) {
  if (sum != 0) exact /= sum;
  const double half = exact < 0 ? -0.5 : 0.5;
  return static_cast<std::int32_t>(half + exact * (1 << weight_bits));
}

}  // namespace fastbox::data
