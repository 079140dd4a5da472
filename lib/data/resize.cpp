#include "data/resize.hpp"

#include <algorithm>

#include "data/resize_taps.hpp"

namespace fastbox::data {
namespace {

/// Weights for `output` pixels from input pixels begin .. end of `input`; `mirror`: in the reverse order.
void set_taps(int input, double begin, double end, int output, bool mirror, Taps& taps) {
  const ResizeAxis axis = resize_axis(input, begin, end, output);
  taps.first.resize(static_cast<std::size_t>(output));
  taps.used.resize(static_cast<std::size_t>(output));
  taps.taps = 0;
  for (int o = 0; o < output; ++o) {
    const Reach reach = reach_of(axis, o);
    taps.taps = std::max(taps.taps, reach.high - reach.low);
  }
  taps.taps = (taps.taps + 3) / 4 * 4;
  taps.weight.assign(static_cast<std::size_t>(output) * static_cast<std::size_t>(taps.taps), 0);
  std::vector<double> exact(static_cast<std::size_t>(taps.taps));
  for (int o = 0; o < output; ++o) {
    const Reach reach = reach_of(axis, o);
    double sum = 0;
    for (int i = reach.low; i < reach.high; ++i) {
      const double value = exact_weight(axis, reach, i);
      exact[static_cast<std::size_t>(i - reach.low)] = value;
      sum += value;
    }
    const auto at = static_cast<std::size_t>(mirror ? output - 1 - o : o);
    taps.first[at] = reach.low;
    taps.used[at] = reach.high - reach.low;
    for (int i = 0; i < taps.used[at]; ++i)
      taps.weight[at * static_cast<std::size_t>(taps.taps) + static_cast<std::size_t>(i)] =
          fixed_weight(exact[static_cast<std::size_t>(i)], sum);
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
