#include "data/resize.hpp"

#include <algorithm>
#include <climits>

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

/// The input pixels that the outputs take.
cv::Range seen_pixels(const Taps& taps) {
  int begin = INT_MAX, end = 0;
  for (std::size_t o = 0; o < taps.size(); ++o) {
    begin = std::min(begin, taps.first[o]);
    end = std::max(end, taps.first[o] + taps.used[o]);
  }
  return {begin, end};
}

}  // namespace

void RowResizer::start(const cv::Mat& rgb, int width, int height, const Region& region, bool mirror) {
  CV_Assert(rgb.type() == CV_8UC3 && !rgb.empty() && width > 0 && height > 0);
  CV_Assert(region.right > region.left && region.bottom > region.top);
  picture_ = rgb;
  plane_ = plane_bytes(static_cast<std::size_t>(width));
  next_ = 0;
  sums_ = {};
  set_taps(rgb.rows, region.top, region.bottom, height, /*mirror=*/false, vertical_);
  rows_.resize(static_cast<std::size_t>(vertical_.taps));
  ring_row_.assign(static_cast<std::size_t>(vertical_.taps), -1);
  ring_.create(vertical_.taps, static_cast<int>(row_bytes()), CV_8UC1);
  ring_.setTo(0);
  // Columns that stay as they are have weights of exactly 1: the pass would change nothing.
  keeps_columns_ = region.left == 0 && region.right == rgb.cols && width == rgb.cols && !mirror;
  if (keeps_columns_) return;
  set_taps(rgb.cols, region.left, region.right, width, mirror, horizontal_);
  const cv::Range seen = seen_pixels(horizontal_);
  picture_ = rgb.colRange(seen);
  for (int& first : horizontal_.first) first -= seen.start;
  pack(horizontal_, packed_);
  const std::size_t line = 3 * plane_bytes(static_cast<std::size_t>(picture_.cols)) + row_slack(horizontal_.taps);
  line_.create(1, static_cast<int>(line), CV_8UC1);
  line_.setTo(0);
}

const std::uint8_t* RowResizer::wide_row(int y) {
  const std::size_t slot = static_cast<std::size_t>(y) % ring_row_.size();
  std::uint8_t* row = ring_.ptr(static_cast<int>(slot));
  if (ring_row_[slot] == y) return row;
  const auto columns = static_cast<std::size_t>(picture_.cols);
  split_row(picture_.ptr(y), columns, keeps_columns_ ? row : line_.ptr());
  if (!keeps_columns_) resize_row(line_.ptr(), columns, horizontal_, packed_, row);
  ring_row_[slot] = y;
  return row;
}

void RowResizer::next(std::uint8_t* out) {
  const auto used = static_cast<std::size_t>(vertical_.used[next_]);
  for (std::size_t i = 0; i < used; ++i) rows_[i] = wide_row(vertical_.first[next_] + static_cast<int>(i));
  const RowSums sums = mix_rows({rows_.data(), used}, vertical_.weights_of(next_), plane_, out);
  for (std::size_t c = 0; c < 3; ++c) sums_[c] += sums[c];
  ++next_;
}

cv::Mat resize_bicubic(const cv::Mat& rgb, int width, int height, const Region& region) {
  RowResizer resizer;
  resizer.start(rgb, width, height, region, /*mirror=*/false);
  std::vector<std::uint8_t> row(resizer.row_bytes());
  const std::size_t plane = row.size() / 3;
  cv::Mat out(height, width, CV_8UC3);
  for (int y = 0; y < height; ++y) {
    resizer.next(row.data());
    auto* pixel = out.ptr<cv::Vec3b>(y);
    for (std::size_t x = 0; x < static_cast<std::size_t>(width); ++x)
      pixel[x] = {row[x], row[plane + x], row[2 * plane + x]};
  }
  return out;
}

cv::Mat resize_bicubic(const cv::Mat& rgb, int width, int height) {
  return resize_bicubic(rgb, width, height, {0, 0, static_cast<double>(rgb.cols), static_cast<double>(rgb.rows)});
}

}  // namespace fastbox::data
