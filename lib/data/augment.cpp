#include "data/augment.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/vector_clones.hpp"
#include "data/augment_kernel.hpp"

namespace fastbox::data {
namespace {

double area(const io::Box& box) {
  return box.width() * box.height();
}

using Curves = ImageMaker::Curves;

/// `sums`: of each channel over `pixels` pixels.
void set_curves(const cv::Vec<std::uint64_t, 3>& sums, std::size_t pixels, const Colour& colour, Curves& curves) {
  for (std::size_t c = 0; c < 3; ++c) {
    const double mean =
        brighter_mean(static_cast<double>(sums[static_cast<int>(c)]), static_cast<double>(pixels), colour.brightness);
    for (std::size_t v = 0; v < 256; ++v)
      curves[c][v] = curve(static_cast<double>(v), colour.brightness, colour.contrast, mean);
  }
}

float clipped(double value) {
  return static_cast<float>(clipped_to_byte_range(value));
}

/// A row of pixels, channel by channel.
struct Planes {
  double* r;
  double* g;
  double* b;
};

/// tinted() for a row; it has no branches, and becomes vectors here.
FASTBOX_VECTOR_CLONES void change_tint(Planes row, std::size_t width, double saturation_factor, double hue_shift) {
  double* const __restrict red = row.r, * const __restrict green = row.g, * const __restrict blue = row.b;
  for (std::size_t x = 0; x < width; ++x) {
    const Rgb out = tinted({red[x], green[x], blue[x]}, saturation_factor, hue_shift);
    red[x] = out.r;
    green[x] = out.g;
    blue[x] = out.b;
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

std::vector<Rectangle> place_objects(const std::vector<io::Object>& objects, const ObjectRoles& roles,
                                     const Region& region, bool flip, int width, int height) {
  const double scale_x = width / (region.right - region.left), scale_y = height / (region.bottom - region.top);
  std::vector<Rectangle> rectangles;
  for (const auto& object : objects) {
    const ObjectRole known = roles.of(object.type);
    Rectangle rectangle{{(object.box.left - region.left) * scale_x, (object.box.top - region.top) * scale_y,
                         (object.box.right - region.left) * scale_x, (object.box.bottom - region.top) * scale_y},
                        known.role,
                        known.object_class,
                        known.ignored_for};
    io::Box& box = rectangle.box;
    if (box.right <= 0 || box.left >= width || box.bottom <= 0 || box.top >= height) continue;
    const double before = area(box);
    box = {std::max(box.left, 0.0), std::max(box.top, 0.0), std::min(box.right, static_cast<double>(width)),
           std::min(box.bottom, static_cast<double>(height))};
    if (rectangle.role == Role::positive && area(box) < smallest_visible_share * before) {
      rectangle.role = Role::background;
      rectangle.ignored_for |= std::uint64_t{1} << rectangle.object_class;
    }
    if (flip) box = {width - box.right, box.top, width - box.left, box.bottom};
    rectangles.push_back(rectangle);
  }
  return rectangles;
}

ImageChange image_change(const Region& region, bool flip, const Colour& colour, const cv::Mat& rgb) {
  CV_Assert(region.right > region.left && region.bottom > region.top && std::abs(colour.hue) <= 0.5);
  ImageChange change;
  change.left = region.left, change.top = region.top, change.right = region.right, change.bottom = region.bottom;
  change.flip = flip ? 1 : 0;
  change.brightness = colour.brightness, change.contrast = colour.contrast;
  change.saturation = colour.saturation, change.hue = colour.hue;
  change.frame_width = rgb.cols, change.frame_height = rgb.rows;
  return change;
}

void ImageMaker::make(const cv::Mat& rgb, const ImageChange& change, int width, int height, std::span<float> out) {
  make(rgb, {change.left, change.top, change.right, change.bottom}, change.flip != 0,
       {change.brightness, change.contrast, change.saturation, change.hue}, width, height, out);
}

void ImageMaker::make(const cv::Mat& rgb, const Region& region, bool flip, const Colour& colour, int width, int height,
                      std::span<float> out) {
  const std::size_t row = 3 * static_cast<std::size_t>(width), pixels = out.size() / 3;
  CV_Assert(out.size() == row * static_cast<std::size_t>(height) && std::abs(colour.hue) <= 0.5);
  resizer_.start(rgb, width, height, region, flip);
  const bool tint = colour.saturation != 1 || colour.hue != 0;
  if (!tint && colour.contrast == 1 && colour.brightness == 0) {
    bytes_.resize(row);
    for (float* to = out.data(); to != out.data() + out.size(); to += row) {
      resizer_.next(bytes_.data());
      std::copy(bytes_.begin(), bytes_.end(), to);
    }
    return;
  }
  // Contrast turns about the mean of the whole picture, so its bytes (a quarter of the floats) come first.
  bytes_.resize(out.size());
  for (std::size_t at = 0; at < bytes_.size(); at += row) resizer_.next(bytes_.data() + at);
  Curves curves;
  set_curves(resizer_.sums(), pixels, colour, curves);
  if (tint)
    write_tinted(curves, colour, row, out);
  else
    write_by_table(curves, out);
}

void ImageMaker::write_by_table(const Curves& curves, std::span<float> out) {
  std::array<std::array<float, 256>, 3> table;
  for (std::size_t c = 0; c < 3; ++c) std::transform(curves[c].begin(), curves[c].end(), table[c].begin(), clipped);
  const std::uint8_t* in = bytes_.data();
  for (float* to = out.data(); to != out.data() + out.size(); to += 3, in += 3) {
    to[0] = table[0][in[0]];
    to[1] = table[1][in[1]];
    to[2] = table[2][in[2]];
  }
}

void ImageMaker::write_tinted(const Curves& curves, const Colour& colour, std::size_t row, std::span<float> out) {
  const std::size_t width = row / 3;
  planes_.resize(row);
  const Planes planes{planes_.data(), planes_.data() + width, planes_.data() + 2 * width};
  const std::uint8_t* in = bytes_.data();
  for (float* to = out.data(); to != out.data() + out.size(); in += row) {
    for (std::size_t x = 0; x < width; ++x) {
      planes.r[x] = curves[0][in[3 * x]];
      planes.g[x] = curves[1][in[3 * x + 1]];
      planes.b[x] = curves[2][in[3 * x + 2]];
    }
    change_tint(planes, width, colour.saturation, colour.hue);
    for (std::size_t x = 0; x < width; ++x, to += 3) {
      to[0] = static_cast<float>(planes.r[x]);
      to[1] = static_cast<float>(planes.g[x]);
      to[2] = static_cast<float>(planes.b[x]);
    }
  }
}

}  // namespace fastbox::data
