#include "data/augment.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace fastbox::data {
namespace {

double area(const io::Box& box) {
  return box.width() * box.height();
}

using Pixel = std::array<double, 3>;

/// Saturation and hue in the HSV cone. Source: tf.image.adjust_saturation, adjust_hue (rgb_to_hsv,
/// hsv_to_rgb).
Pixel change_tint(const Pixel& rgb, const Colour& colour) {
  const double value = std::max({rgb[0], rgb[1], rgb[2]}), range = value - std::min({rgb[0], rgb[1], rgb[2]});
  if (!(value > 0) || !(range > 0)) return {value, value, value};
  double hue = 0;  // in turns
  if (value == rgb[0])
    hue = (rgb[1] - rgb[2]) / (6 * range);
  else if (value == rgb[1])
    hue = (rgb[2] - rgb[0]) / (6 * range) + 1.0 / 3;
  else
    hue = (rgb[0] - rgb[1]) / (6 * range) + 2.0 / 3;
  hue += colour.hue;
  hue -= std::floor(hue);
  const double saturation = std::clamp(range / value * colour.saturation, 0.0, 1.0);
  const Pixel full = {std::abs(hue * 6 - 3) - 1, 2 - std::abs(hue * 6 - 2), 2 - std::abs(hue * 6 - 4)};
  Pixel out;
  for (std::size_t c = 0; c < 3; ++c) out[c] = (1 - saturation + saturation * std::clamp(full[c], 0.0, 1.0)) * value;
  return out;
}

/// Where each of the 256 values of a channel goes by brightness and contrast, not yet clipped.
using Curves = std::array<std::array<double, 256>, 3>;

Curves curves_of(const cv::Mat& rgb, const Colour& colour) {
  std::array<std::int64_t, 3> sum{};
  for (int y = 0; y < rgb.rows; ++y) {
    const std::uint8_t* row = rgb.ptr(y);
    for (int x = 0; x < rgb.cols; ++x)
      for (std::size_t c = 0; c < 3; ++c) sum[c] += row[3 * x + static_cast<int>(c)];
  }
  Curves curves{};
  for (std::size_t c = 0; c < 3; ++c) {
    const double mean = static_cast<double>(sum[c]) / static_cast<double>(rgb.total()) + colour.brightness;
    for (std::size_t v = 0; v < 256; ++v)
      curves[c][v] = (static_cast<double>(v) + colour.brightness - mean) * colour.contrast + mean;
  }
  return curves;
}

float clipped(double value) {
  return static_cast<float>(std::clamp(value, 0.0, 255.0));
}

void write_with_tint(const cv::Mat& rgb, bool flip, const Colour& colour, const Curves& curves, float* out) {
  for (int y = 0; y < rgb.rows; ++y) {
    const std::uint8_t* row = rgb.ptr(y);
    for (int x = 0; x < rgb.cols; ++x, out += 3) {
      const std::uint8_t* in = row + 3 * (flip ? rgb.cols - 1 - x : x);
      const Pixel pixel = change_tint({curves[0][in[0]], curves[1][in[1]], curves[2][in[2]]}, colour);
      for (std::size_t c = 0; c < 3; ++c) out[c] = clipped(pixel[c]);
    }
  }
}

}  // namespace

Random image_stream(std::uint64_t seed, std::uint64_t epoch, std::uint64_t sample) {
  return Random(seed, Purpose::augmentation, epoch, sample);
}

Random batch_stream(std::uint64_t seed, std::uint64_t first_sample) {
  return Random(seed, Purpose::augmentation, UINT64_MAX, first_sample);
}

Geometry draw_geometry(const config::AugmentationSettings& settings, Random& random) {
  Geometry geometry;
  geometry.flip = random.chance(settings.flip);
  geometry.scale = random.uniform(settings.scale.at(0), settings.scale.at(1));
  geometry.shift_x = random.uniform(-settings.shift, settings.shift);
  geometry.shift_y = random.uniform(-settings.shift, settings.shift);
  return geometry;
}

Colour draw_colour(const config::AugmentationSettings& settings, Random& random) {
  Colour colour;
  colour.brightness = random.uniform(-settings.brightness, settings.brightness);
  colour.contrast = random.uniform(settings.contrast.at(0), settings.contrast.at(1));
  colour.saturation = random.uniform(settings.saturation.at(0), settings.saturation.at(1));
  colour.hue = random.uniform(-settings.hue, settings.hue);
  return colour;
}

Region visible_region(const Geometry& geometry, int frame_width, int frame_height, int width, int height) {
  if (geometry.scale == 1 && geometry.shift_x == 0 && geometry.shift_y == 0)
    return {0, 0, static_cast<double>(frame_width), static_cast<double>(frame_height)};
  // out = (in * size / frame_size - size / 2) * scale + size / 2 + shift, solved for in at out = 0 and out =
  // size.
  const auto solve = [&](double out, double shift, int size, int frame_size) {
    return ((out - shift - 0.5 * size) / geometry.scale + 0.5 * size) * frame_size / size;
  };
  return {solve(0, geometry.shift_x, width, frame_width), solve(0, geometry.shift_y, height, frame_height),
          solve(width, geometry.shift_x, width, frame_width), solve(height, geometry.shift_y, height, frame_height)};
}

std::vector<Rectangle> place_objects(const std::vector<io::Object>& objects, const TargetMaker& roles,
                                     const Region& region, bool flip, int width, int height) {
  const double scale_x = width / (region.right - region.left), scale_y = height / (region.bottom - region.top);
  std::vector<Rectangle> rectangles;
  for (const auto& object : objects) {
    Rectangle rectangle{{(object.box.left - region.left) * scale_x, (object.box.top - region.top) * scale_y,
                         (object.box.right - region.left) * scale_x, (object.box.bottom - region.top) * scale_y},
                        roles.role_of(object.type)};
    io::Box& box = rectangle.box;
    if (box.right <= 0 || box.left >= width || box.bottom <= 0 || box.top >= height) continue;
    const double before = area(box);
    box = {std::max(box.left, 0.0), std::max(box.top, 0.0), std::min(box.right, static_cast<double>(width)),
           std::min(box.bottom, static_cast<double>(height))};
    if (rectangle.role == Role::positive && area(box) < smallest_visible_share * before) rectangle.role = Role::ignored;
    if (flip) box = {width - box.right, box.top, width - box.left, box.bottom};
    rectangles.push_back(rectangle);
  }
  return rectangles;
}

void write_pixels(const cv::Mat& rgb, bool flip, const Colour& colour, std::span<float> out) {
  CV_Assert(rgb.type() == CV_8UC3 && out.size() == rgb.total() * 3);
  const Curves curves = curves_of(rgb, colour);
  if (colour.saturation != 1 || colour.hue != 0) return write_with_tint(rgb, flip, colour, curves, out.data());

  std::array<std::array<float, 256>, 3> table{};
  for (std::size_t c = 0; c < 3; ++c) std::transform(curves[c].begin(), curves[c].end(), table[c].begin(), clipped);
  float* to = out.data();
  const int step = flip ? -3 : 3;
  for (int y = 0; y < rgb.rows; ++y) {
    const std::uint8_t* in = rgb.ptr(y) + (flip ? 3 * (rgb.cols - 1) : 0);
    for (int x = 0; x < rgb.cols; ++x, to += 3) {
      for (std::size_t c = 0; c < 3; ++c) to[c] = table[c][in[c]];
      if (x + 1 < rgb.cols) in += step;
    }
  }
}

}  // namespace fastbox::data
