// Rezoom in pieces: the nine bilinear samples of the early features at each predicted box, and what of their gradient
// goes to features and boxes. models/rezoom.hpp says what the whole is.
//
// Portable functions of one sample, pixel or box (base/portable.hpp), over plain memory of the caller. Every sum has an
// order of its own, which follows from sizes and boxes alone, so that a CPU and a GPU can give the same bits.
#pragma once

#include "models/portable_lanes.hpp"

namespace fastbox::models {

constexpr int zoom_cell = 32;   ///< pixels of a cell
constexpr int zoom_stride = 8;  ///< pixels of a feature
constexpr int zoom_side = 3;    ///< samples along a box's width, and along its height
constexpr int zoom_points = zoom_side * zoom_side;
constexpr int zoom_corners = 4;  ///< features that a sample lies between
constexpr int zoom_parts = 32;   ///< partial sums of a box's gradient: the threads of a GPU's warp

/// Boxes (dx, dy, w, h): images x rows x columns x 4, dense. Features: images x height x width x channels, the channels
/// dense and a multiple of `lanes`. Points (samples) are numbered box by box, and corners point by point.
struct ZoomSizes {
  std::int64_t images = 0, rows = 0, columns = 0;
  std::int64_t height = 0, width = 0, channels = 0;
  std::int64_t image_stride = 0, row_stride = 0, pixel_stride = 0;  ///< of the features, in elements

  FASTBOX_PORTABLE std::int64_t boxes() const { return images * rows * columns; }
  FASTBOX_PORTABLE std::int64_t points() const { return boxes() * zoom_points; }
  FASTBOX_PORTABLE std::int64_t points_of_image() const { return rows * columns * zoom_points; }
  FASTBOX_PORTABLE std::int64_t pixels_of_image() const { return height * width; }
  FASTBOX_PORTABLE std::int64_t pixels() const { return images * height * width; }
  FASTBOX_PORTABLE std::int64_t groups() const { return channels / lanes; }
};

/// Where a sample lies along one side of the map: between the features `first` and first + 1.
template <typename Number>
struct Place {
  std::int32_t first;
  Number of_first, of_next;  ///< their weights
  bool is_free;              ///< not clipped to the map: what moves the box moves the sample

  FASTBOX_PORTABLE Number weight(int step) const { return step == 0 ? of_first : of_next; }
};

/// Of samples `which` of 0 .. 2 along a side of `features` features. `centre` and `size`: the box's, in pixels from the
/// cell's centre. A NaN gives weights of NaN to features that are not there.
template <typename Number>
FASTBOX_PORTABLE Place<Number> place(Number centre, Number size, std::uint32_t which, std::uint32_t cell,
                                     std::int64_t features) {
  const Number share = static_cast<Number>(0.25) * (static_cast<Number>(which) - 1);
  const Number wanted = (centre + share * size + static_cast<Number>(cell * zoom_cell + zoom_cell / 2)) / zoom_stride;
  const Number last = static_cast<Number>(features - 1);
  const Number clipped = wanted < 0 ? 0 : wanted > last ? last : wanted;
  // To LibTorch's -1..1 and back, as plain_rezoom goes: on a feature, rounding says which one is the first.
  const Number scaled = 2 * clipped / last - 1;
  const Number at = (scaled + 1) * (last / 2);
  Place<Number> result;
  result.first = at == at ? static_cast<std::int32_t>(at) : -2;
  result.of_next = at - static_cast<Number>(result.first);
  result.of_first = 1 - result.of_next;
  result.is_free = wanted >= 0 && wanted <= last;
  return result;
}

template <typename Number>
struct Sample {
  std::int64_t image;
  Place<Number> x, y;

  /// Of its corners: left above, right above, left below, right below.
  FASTBOX_PORTABLE Number weight(int corner) const { return y.weight(corner / 2) * x.weight(corner % 2); }

  /// A corner's row and column; beyond the map's edge, where there are no features, it counts as zero.
  FASTBOX_PORTABLE std::int64_t row(int corner) const { return y.first + corner / 2; }
  FASTBOX_PORTABLE std::int64_t column(int corner) const { return x.first + corner % 2; }
  FASTBOX_PORTABLE bool is_inside(const ZoomSizes& sizes, int corner) const {
    return row(corner) >= 0 && row(corner) < sizes.height && column(corner) >= 0 && column(corner) < sizes.width;
  }
};

template <typename Number>
FASTBOX_PORTABLE Sample<Number> sample_of(const Number* boxes, const ZoomSizes& sizes, std::int64_t point) {
  const auto number = static_cast<std::uint32_t>(point);
  const auto rows = static_cast<std::uint32_t>(sizes.rows), columns = static_cast<std::uint32_t>(sizes.columns);
  const std::uint32_t cell = number / zoom_points, which = number % zoom_points;
  const std::uint32_t line = cell / columns;
  const Number* const box = boxes + static_cast<std::int64_t>(cell) * 4;
  return {line / rows, place(box[0], box[2], which / zoom_side, cell % columns, sizes.width),
          place(box[1], box[3], which % zoom_side, line % rows, sizes.height)};
}

/// Eight channels of a sample's corner; `features`: where those of the first image's first pixel are.
template <typename Element>
FASTBOX_PORTABLE Lanes<NumberOf<Element>> corner_lanes(const Element* features, const ZoomSizes& sizes,
                                                       const Sample<NumberOf<Element>>& sample, int corner) {
  if (!sample.is_inside(sizes, corner)) return {};
  return load_lanes(features + sample.image * sizes.image_stride + sample.row(corner) * sizes.row_stride +
                    sample.column(corner) * sizes.pixel_stride);
}

/// Eight channels of a sample.
template <typename Element>
FASTBOX_PORTABLE Lanes<NumberOf<Element>> sampled_lanes(const Element* features, const ZoomSizes& sizes,
                                                        const Sample<NumberOf<Element>>& sample) {
  Lanes<NumberOf<Element>> sum = {};
  for (int corner = 0; corner < zoom_corners; ++corner) {
    const auto weight = sample.weight(corner);
    const auto values = corner_lanes(features, sizes, sample, corner);
    for (int lane = 0; lane < lanes; ++lane) sum.of[lane] += values.of[lane] * weight;
  }
  return sum;
}

/// Of a point's four corners: the number of the pixel that gets a share of its gradient, sizes.pixels() for none, and
/// the share.
template <typename Number>
FASTBOX_PORTABLE void corner_shares(const Number* boxes, const ZoomSizes& sizes, std::int64_t point,
                                    std::int32_t* pixels, Number* shares) {
  const Sample<Number> sample = sample_of(boxes, sizes, point);
  for (int corner = 0; corner < zoom_corners; ++corner) {
    const std::int64_t pixel = (sample.image * sizes.height + sample.row(corner)) * sizes.width + sample.column(corner);
    pixels[point * zoom_corners + corner] =
        static_cast<std::int32_t>(sample.is_inside(sizes, corner) ? pixel : sizes.pixels());
    shares[point * zoom_corners + corner] = sample.weight(corner);
  }
}

/// The first of `count` sorted numbers that is not below `value`.
FASTBOX_PORTABLE std::int32_t first_not_below(const std::int32_t* sorted, std::int32_t count, std::int32_t value) {
  std::int32_t first = 0;
  while (count > 0) {
    const std::int32_t half = count / 2;
    const bool below = sorted[first + half] < value;
    first = below ? first + half + 1 : first;
    count = below ? count - half - 1 : half;
  }
  return first;
}

/// Eight channels of a pixel's gradient, gathered from the corners that fall on it: those of corners[begin .. end - 1],
/// ascending. `gradient`: where those of the first point are.
template <typename Number>
FASTBOX_PORTABLE Lanes<Number> gathered_lanes(const Number* gradient, std::int64_t channels,
                                              const std::int64_t* corners, const Number* shares, std::int64_t begin,
                                              std::int64_t end) {
  Lanes<Number> sum = {};
  for (std::int64_t i = begin; i < end; ++i) {
    const std::int64_t corner = corners[i];
    const Number share = shares[corner];
    const Lanes<Number> values = load_lanes(gradient + corner / zoom_corners * channels);
    for (int lane = 0; lane < lanes; ++lane) sum.of[lane] += values.of[lane] * share;
  }
  return sum;
}

template <typename Number>
struct Slope {
  Number x, y;
};

/// Of eight channels: how their part of the loss changes as the sample moves by a feature. `gradient`: of the sample.
template <typename Element>
FASTBOX_PORTABLE Slope<NumberOf<Element>> slope_of_lanes(const Element* features, const ZoomSizes& sizes,
                                                         const Sample<NumberOf<Element>>& sample,
                                                         const NumberOf<Element>* gradient) {
  using Number = NumberOf<Element>;
  const Lanes<Number> corners[zoom_corners] = {
      corner_lanes(features, sizes, sample, 0), corner_lanes(features, sizes, sample, 1),
      corner_lanes(features, sizes, sample, 2), corner_lanes(features, sizes, sample, 3)};
  const Lanes<Number> outer = load_lanes(gradient);
  Lanes<Number> along_x, along_y;
  for (int lane = 0; lane < lanes; ++lane) {
    const Number a = corners[0].of[lane], b = corners[1].of[lane], c = corners[2].of[lane], d = corners[3].of[lane];
    along_x.of[lane] = outer.of[lane] * ((b - a) * sample.y.of_first + (d - c) * sample.y.of_next);
    along_y.of[lane] = outer.of[lane] * ((c - a) * sample.x.of_first + (d - b) * sample.x.of_next);
  }
  return {fold<lanes>(along_x.of), fold<lanes>(along_y.of)};
}

/// Adds a point's part to its box's gradient; `slope`: over all channels.
template <typename Number>
FASTBOX_PORTABLE void add_to_box(const Sample<Number>& sample, const Slope<Number>& slope, int which, Number* box) {
  const Number x = sample.x.is_free ? slope.x / zoom_stride : 0, y = sample.y.is_free ? slope.y / zoom_stride : 0;
  const Number quarter = static_cast<Number>(0.25);
  box[0] += x;
  box[1] += y;
  box[2] += quarter * static_cast<Number>(which / zoom_side - 1) * x;
  box[3] += quarter * static_cast<Number>(which % zoom_side - 1) * y;
}

}  // namespace fastbox::models
