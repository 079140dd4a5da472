#include "data/augment.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "data/augment_kernel.hpp"
#include "data/colour_row.hpp"

namespace fastbox::data {
namespace {

double area(const io::Box& box) {
  return box.width() * box.height();
}

/// `sums`: of each channel over `pixels` pixels.
void set_colour(const Colour& colour, const RowSums& sums, std::size_t pixels, RowColour& row) {
  row.brightness = colour.brightness, row.contrast = colour.contrast;
  row.saturation = colour.saturation, row.hue = colour.hue;
  for (std::size_t c = 0; c < 3; ++c)
    row.mean[c] = brighter_mean(static_cast<double>(sums[c]), static_cast<double>(pixels), colour.brightness);
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
  const auto pixels = static_cast<std::size_t>(width);
  CV_Assert(out.size() == 3 * pixels * static_cast<std::size_t>(height) && std::abs(colour.hue) <= 0.5);
  resizer_.start(rgb, width, height, region, flip);
  RowColour row_colour;
  row_colour.tints = colour.saturation != 1 || colour.hue != 0;
  row_colour.changes = row_colour.tints || colour.contrast != 1 || colour.brightness != 0;
  // Contrast turns about the mean of the whole picture, so its bytes (a quarter of the floats) come first.
  const int ahead = row_colour.changes ? height : 1;
  bytes_.create(ahead, static_cast<int>(resizer_.row_bytes()), CV_8UC1);
  if (row_colour.changes) {
    for (int y = 0; y < height; ++y) resizer_.next(bytes_.ptr(y));
    set_colour(colour, resizer_.sums(), out.size() / 3, row_colour);
  }
  float* to = out.data();
  for (int y = 0; y < height; ++y, to += 3 * pixels) {
    const std::uint8_t* const row = bytes_.ptr(y % ahead);
    if (!row_colour.changes) resizer_.next(bytes_.ptr());
    // Beyond the frame its last row repeats.
    if (row_colour.changes && y > 0 && std::memcmp(row - bytes_.step, row, bytes_.step) == 0)
      std::memcpy(to, to - 3 * pixels, 3 * pixels * sizeof(float));
    else
      colour_row(row, pixels, row_colour, to);
  }
}

}  // namespace fastbox::data
