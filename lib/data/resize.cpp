#include "data/resize.hpp"

#include <algorithm>
#include <cmath>

namespace fastbox::data {
namespace {

constexpr double kernel_radius = 2;

/// The cubic convolution kernel with a = -1/2.
double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

/// The first input pixel that an output pixel takes, and the first that it no longer takes.
struct Reach {
  double centre = 0;
  int low = 0, high = 0;
};

Reach reach_of(int output, double begin, double scale, double radius, int input) {
  Reach reach;
  reach.centre = begin + (output + 0.5) * scale;
  if (reach.centre < 0) reach.centre = 0.5;  // outside of the picture its border repeats
  if (reach.centre > input) reach.centre = input - 0.5;
  reach.low = std::max(static_cast<int>(reach.centre - radius + 0.5), 0);
  reach.high = std::min(static_cast<int>(reach.centre + radius + 0.5), input);
  return reach;
}

/// Weights for `output` pixels from input pixels begin .. end of `input`; `mirror`: in the reverse order.
void set_taps(int input, double begin, double end, int output, bool mirror, Taps& taps) {
  const double scale = (end - begin) / output, filter_scale = std::max(scale, 1.0);
  const double radius = kernel_radius * filter_scale, inverse = 1.0 / filter_scale;
  taps.first.resize(static_cast<std::size_t>(output));
  taps.used.resize(static_cast<std::size_t>(output));
  taps.taps = 0;
  for (int o = 0; o < output; ++o) {
    const Reach reach = reach_of(o, begin, scale, radius, input);
    taps.taps = std::max(taps.taps, reach.high - reach.low);
  }
  taps.taps = (taps.taps + 3) / 4 * 4;
  taps.weight.assign(static_cast<std::size_t>(output) * static_cast<std::size_t>(taps.taps), 0);
  std::vector<double> exact(static_cast<std::size_t>(taps.taps));
  for (int o = 0; o < output; ++o) {
    const Reach reach = reach_of(o, begin, scale, radius, input);
    double sum = 0;
    for (int i = reach.low; i < reach.high; ++i) {
      const double value = cubic((i - reach.centre + 0.5) * inverse);
      exact[static_cast<std::size_t>(i - reach.low)] = value;
      sum += value;
    }
    const auto at = static_cast<std::size_t>(mirror ? output - 1 - o : o);
    taps.first[at] = reach.low;
    taps.used[at] = reach.high - reach.low;
    for (int i = 0; i < taps.used[at]; ++i) {
      double value = exact[static_cast<std::size_t>(i)];
      if (sum != 0) value /= sum;
      const double half = value < 0 ? -0.5 : 0.5;
      taps.weight[at * static_cast<std::size_t>(taps.taps) + static_cast<std::size_t>(i)] =
          static_cast<std::int32_t>(half + value * (1 << weight_bits));
    }
  }
}

}  // namespace

void RowResizer::start(const cv::Mat& rgb, int width, int height, const Region& region, bool mirror) {
  CV_Assert(rgb.type() == CV_8UC3 && !rgb.empty() && width > 0 && height > 0);
  CV_Assert(region.right > region.left && region.bottom > region.top);
  picture_ = rgb;
  bytes_ = 3 * static_cast<std::size_t>(width);
  next_ = 0;
  column_sums_.assign(bytes_, 0);
  // Rows and columns that stay as they are have weights of exactly 1: the passes would change nothing.
  keeps_columns_ = region.left == 0 && region.right == rgb.cols && width == rgb.cols && !mirror;
  set_taps(rgb.rows, region.top, region.bottom, height, /*mirror=*/false, vertical_);
  rows_.resize(static_cast<std::size_t>(vertical_.taps));
  if (keeps_columns_) return;
  set_taps(rgb.cols, region.left, region.right, width, mirror, horizontal_);
  pack(horizontal_, rgb.cols, packed_);
  ring_row_.assign(static_cast<std::size_t>(vertical_.taps), -1);
  ring_.resize(ring_row_.size() * (bytes_ + row_padding));
}

const std::uint8_t* RowResizer::wide_row(int y) {
  if (keeps_columns_) return picture_.ptr(y);
  const std::size_t slot = static_cast<std::size_t>(y) % ring_row_.size();
  std::uint8_t* row = ring_.data() + slot * (bytes_ + row_padding);
  if (ring_row_[slot] != y) resize_row(picture_.ptr(y), horizontal_, packed_, row);
  ring_row_[slot] = y;
  return row;
}

void RowResizer::next(std::uint8_t* out) {
  const auto used = static_cast<std::size_t>(vertical_.used[next_]);
  for (std::size_t i = 0; i < used; ++i) rows_[i] = wide_row(vertical_.first[next_] + static_cast<int>(i));
  mix_rows({rows_.data(), used}, vertical_.weights_of(next_), bytes_, out, column_sums_.data());
  ++next_;
}

cv::Vec<std::uint64_t, 3> RowResizer::sums() const {
  cv::Vec<std::uint64_t, 3> sums(0, 0, 0);
  for (std::size_t x = 0; x < column_sums_.size(); ++x) sums[static_cast<int>(x % 3)] += column_sums_[x];
  return sums;
}

cv::Mat resize_bicubic(const cv::Mat& rgb, int width, int height, const Region& region) {
  RowResizer resizer;
  resizer.start(rgb, width, height, region, /*mirror=*/false);
  cv::Mat out(height, width, CV_8UC3);
  for (int y = 0; y < height; ++y) resizer.next(out.ptr(y));
  return out;
}

cv::Mat resize_bicubic(const cv::Mat& rgb, int width, int height) {
  return resize_bicubic(rgb, width, height, {0, 0, static_cast<double>(rgb.cols), static_cast<double>(rgb.rows)});
}

}  // namespace fastbox::data
