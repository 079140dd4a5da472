// From a frame's bytes to an image's floats, a pixel at a time: what ImageMaker (augment.hpp) does to a whole row, with
// the same bits.
//
// Portable (base/portable.hpp). Four passes over a batch, in this order; each writes what the next one reads:
//
//   write_taps      the taps of each column and row of the image
//   take_taps       along the frame's rows, and again along the columns of what that gave
//   (channel sums)  whole numbers, in any order
//   write_coloured  brightness, contrast, saturation, hue, as floats
//
// ImageMaker shares the arithmetic of taps, curves and tint; augment.hpp names its sources.
#pragma once

#include <cmath>
#include <cstdint>

#include "base/portable.hpp"
#include "data/image_change.hpp"
#include "data/resize_taps.hpp"

namespace fastbox::data {

/// The taps of an image's columns, then of its rows. Number n of coordinate i lies at numbers[n * coordinates + i]: the
/// first input pixel, how many it takes, then their weights. The memory is the caller's.
struct TapTable {
  std::int32_t* numbers;
  int coordinates;  // columns + rows
  int most;         // weights that there is room for
};

/// Numbers of a table's coordinate.
constexpr int numbers_of_taps(int most) {
  return 2 + most;
}

FASTBOX_PORTABLE ResizeAxis column_axis(const ImageChange& change, int width) {
  return resize_axis(static_cast<int>(change.frame_width), change.left, change.right, width);
}

FASTBOX_PORTABLE ResizeAxis row_axis(const ImageChange& change, int height) {
  return resize_axis(static_cast<int>(change.frame_height), change.top, change.bottom, height);
}

/// Of one coordinate: a column below `width`, then the rows. Weights that there is no room for are left out.
FASTBOX_PORTABLE void write_taps(const ImageChange& change, int width, int height, int coordinate,
                                 const TapTable& table) {
  const bool is_column = coordinate < width;
  const ResizeAxis axis = is_column ? column_axis(change, width) : row_axis(change, height);
  int output = is_column ? coordinate : coordinate - width;
  if (is_column && change.flip != 0) output = width - 1 - output;
  const Reach reach = reach_of(axis, output);
  double sum = 0;
  for (int i = reach.low; i < reach.high; ++i) sum += exact_weight(axis, reach, i);
  const int count = reach.high - reach.low, used = count < table.most ? count : table.most;
  const std::int64_t stride = table.coordinates;
  std::int32_t* const numbers = table.numbers + coordinate;
  numbers[0] = reach.low;
  numbers[stride] = used;
  for (int i = 0; i < used; ++i)
    numbers[(2 + i) * stride] = fixed_weight(exact_weight(axis, reach, reach.low + i), sum);
}

/// One RGB pixel: the weighted sum of the coordinate's taps among pixels that lie `stride` bytes apart from `line` on.
FASTBOX_PORTABLE void take_taps(const std::uint8_t* line, std::int64_t stride, const TapTable& table, int coordinate,
                                std::uint8_t* out) {
  const std::int64_t step = table.coordinates;
  const std::int32_t* number = table.numbers + coordinate;
  const std::uint8_t* pixel = line + number[0] * stride;
  const int used = number[step];
  std::int32_t r = fixed_half, g = fixed_half, b = fixed_half;
  number += 2 * step;
  for (int i = 0; i < used; ++i, pixel += stride, number += step) {
    const std::int32_t weight = *number;
    r += pixel[0] * weight;
    g += pixel[1] * weight;
    b += pixel[2] * weight;
  }
  out[0] = fixed_to_byte(r);
  out[1] = fixed_to_byte(g);
  out[2] = fixed_to_byte(b);
}

/// Where brightness and contrast take a channel's value; not yet clipped. `mean`: of the channel, made brighter.
FASTBOX_PORTABLE double curve(double value, double brightness, double contrast, double mean) {
  return (value + brightness - mean) * contrast + mean;
}

/// Of a channel over an image, made brighter. `sum`: of its bytes.
FASTBOX_PORTABLE double brighter_mean(double sum, double pixels, double brightness) {
  return sum / pixels + brightness;
}

/// To 0 .. most. In two steps, which a vectoriser takes for a minimum and a maximum.
FASTBOX_PORTABLE double clipped(double value, double most) {
  const double below = value > most ? most : value;
  return below < 0 ? 0 : below;
}

struct Rgb {
  double r, g, b;
};

/// A channel of the HSV cone, then clipped. `full`: its share of the value at full saturation, not yet clipped.
FASTBOX_PORTABLE double tinted_channel(double full, double saturation, double value, bool grey) {
  return clipped(grey ? value : (1 - saturation + saturation * clipped(full, 1)) * value, 255);
}

/// Saturation and hue in the HSV cone, then clipped. Without branches, for the vectoriser. Requires |hue_shift| <= 1/2.
/// Source: tf.image.adjust_saturation, adjust_hue (rgb_to_hsv, hsv_to_rgb).
FASTBOX_PORTABLE Rgb tinted(const Rgb& rgb, double saturation_factor, double hue_shift) {
  const double r = rgb.r, g = rgb.g, b = rgb.b;
  const double most = r > g ? r : g, least = r < g ? r : g;
  const double value = most > b ? most : b, range = value - (least < b ? least : b);
  const bool by_red = value == r, by_green = value == g;
  const double difference = by_red ? g - b : by_green ? b - r : r - g;
  const double offset = by_red ? 0.0 : by_green ? 1.0 / 3 : 2.0 / 3;
  const bool grey = !(value > 0) || !(range > 0);  // then nothing is divided by 0, and the rest not used
  double hue = difference / (grey ? 1 : 6 * range) + offset + hue_shift;  // in turns, between -2/3 and 4/3
  hue -= hue < 0 ? -1.0 : hue >= 1 ? 1.0 : 0.0;
  const double saturation = clipped(range / (grey ? 1 : value) * saturation_factor, 1);
  return {tinted_channel(std::abs(hue * 6 - 3) - 1, saturation, value, grey),
          tinted_channel(2 - std::abs(hue * 6 - 2), saturation, value, grey),
          tinted_channel(2 - std::abs(hue * 6 - 4), saturation, value, grey)};
}

FASTBOX_PORTABLE bool changes_tint(const ImageChange& change) {
  return change.saturation != 1 || change.hue != 0;
}

/// One pixel of the resized image as the network takes it, 0..255. `sums`: of its channels, over `pixels` pixels.
FASTBOX_PORTABLE void write_coloured(const std::uint8_t* pixel, const std::int64_t* sums, double pixels,
                                     const ImageChange& change, float* out) {
  const bool tint = changes_tint(change);
  if (!tint && change.contrast == 1 && change.brightness == 0) {
    for (int c = 0; c < 3; ++c) out[c] = pixel[c];
    return;
  }
  double value[3];
  for (int c = 0; c < 3; ++c) {
    const double mean = brighter_mean(static_cast<double>(sums[c]), pixels, change.brightness);
    value[c] = curve(pixel[c], change.brightness, change.contrast, mean);
  }
  Rgb rgb{value[0], value[1], value[2]};
  if (tint)
    rgb = tinted(rgb, change.saturation, change.hue);
  else
    rgb = {clipped(rgb.r, 255), clipped(rgb.g, 255), clipped(rgb.b, 255)};
  out[0] = static_cast<float>(rgb.r);
  out[1] = static_cast<float>(rgb.g);
  out[2] = static_cast<float>(rgb.b);
}

}  // namespace fastbox::data
