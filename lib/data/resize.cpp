#include "data/resize.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace fastbox::data {
namespace {

constexpr int precision_bits = 32 - 8 - 2;  // 8 bits of pixel, and 2 for the kernel's overshoot and sign
constexpr double kernel_radius = 2;

/// The cubic convolution kernel with a = -1/2.
double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

/// For each output pixel the first input pixel and the weights (count taps each; unused ones are 0).
struct Weights {
  int taps = 0;
  std::vector<int> first, used;
  std::vector<std::int32_t> weight;  // [output][taps]
};

Weights weights(int input, double begin, double end, int output) {
  const double scale = (end - begin) / output, filter_scale = std::max(scale, 1.0);
  const double radius = kernel_radius * filter_scale, inverse = 1.0 / filter_scale;
  Weights w;
  w.taps = static_cast<int>(std::ceil(radius)) * 2 + 1;
  w.first.resize(static_cast<std::size_t>(output));
  w.used.resize(static_cast<std::size_t>(output));
  w.weight.assign(static_cast<std::size_t>(output) * static_cast<std::size_t>(w.taps), 0);
  std::vector<double> exact(static_cast<std::size_t>(w.taps));
  for (int o = 0; o < output; ++o) {
    double centre = begin + (o + 0.5) * scale;
    if (centre < 0) centre = 0.5;  // outside of the picture its border repeats
    if (centre > input) centre = input - 0.5;
    const int low = std::max(static_cast<int>(centre - radius + 0.5), 0);
    const int high = std::min(static_cast<int>(centre + radius + 0.5), input);
    double sum = 0;
    for (int i = low; i < high; ++i) {
      const double value = cubic((i - centre + 0.5) * inverse);
      exact[static_cast<std::size_t>(i - low)] = value;
      sum += value;
    }
    const auto at = static_cast<std::size_t>(o);
    w.first[at] = low;
    w.used[at] = high - low;
    for (int i = 0; i < high - low; ++i) {
      double value = exact[static_cast<std::size_t>(i)];
      if (sum != 0) value /= sum;
      const double half = value < 0 ? -0.5 : 0.5;
      w.weight[at * static_cast<std::size_t>(w.taps) + static_cast<std::size_t>(i)] =
          static_cast<std::int32_t>(half + value * (1 << precision_bits));
    }
  }
  return w;
}

std::uint8_t rounded(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> precision_bits, 0, 255));
}

constexpr std::int32_t one_half = 1 << (precision_bits - 1);

/// One row: `out` has as many pixels as w has entries.
void resize_row(const std::uint8_t* in, const Weights& w, std::uint8_t* out) {
  const std::size_t count = w.first.size();
  for (std::size_t o = 0; o < count; ++o) {
    const std::int32_t* weight = w.weight.data() + o * static_cast<std::size_t>(w.taps);
    const std::uint8_t* pixel = in + 3 * w.first[o];
    std::int32_t r = one_half, g = one_half, b = one_half;
    for (int i = 0; i < w.used[o]; ++i, pixel += 3) {
      r += pixel[0] * weight[i];
      g += pixel[1] * weight[i];
      b += pixel[2] * weight[i];
    }
    out[3 * o] = rounded(r), out[3 * o + 1] = rounded(g), out[3 * o + 2] = rounded(b);
  }
}

/// out[x] = the weighted sum of the rows at x. Written for the vectoriser: one pass a row over sums that stay
/// in cache.
inline __attribute__((always_inline)) void mix_rows_of(const std::uint8_t* const* rows, const std::int32_t* weight,
                                                       int count, int width, std::int32_t* sums, std::uint8_t* out) {
  std::fill(sums, sums + width, one_half);
  for (int i = 0; i < count; ++i) {
    const std::uint8_t* row = rows[i];
    const std::int32_t factor = weight[i];
    for (int x = 0; x < width; ++x) sums[x] += row[x] * factor;
  }
  for (int x = 0; x < width; ++x) out[x] = rounded(sums[x]);
}

void mix_rows_plain(const std::uint8_t* const* rows, const std::int32_t* weight, int count, int width,
                    std::int32_t* sums, std::uint8_t* out) {
  mix_rows_of(rows, weight, count, width, sums, out);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) void mix_rows_avx2(const std::uint8_t* const* rows, const std::int32_t* weight,
                                                   int count, int width, std::int32_t* sums, std::uint8_t* out) {
  mix_rows_of(rows, weight, count, width, sums, out);
}
#endif

/// Whole numbers, so every version gives the same; SSE2, x86-64's baseline, has no 32-bit multiplication.
auto pick_mix_rows() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return mix_rows_avx2;
#endif
  return mix_rows_plain;
}

}  // namespace

cv::Mat resize_bicubic(const cv::Mat& rgb, int width, int height, const Region& region) {
  CV_Assert(rgb.type() == CV_8UC3 && !rgb.empty() && width > 0 && height > 0);
  CV_Assert(region.right > region.left && region.bottom > region.top);
  const bool keeps_columns = region.left == 0 && region.right == rgb.cols && width == rgb.cols;
  const bool keeps_rows = region.top == 0 && region.bottom == rgb.rows && height == rgb.rows;

  const Weights vertical = weights(rgb.rows, region.top, region.bottom, height);
  cv::Mat wide = rgb;
  if (!keeps_columns) {
    const Weights horizontal = weights(rgb.cols, region.left, region.right, width);
    wide = cv::Mat(rgb.rows, width, CV_8UC3);
    // Only rows that the second pass reads.
    const int first = keeps_rows ? 0 : vertical.first.front();
    const int last = keeps_rows ? rgb.rows : vertical.first.back() + vertical.used.back();
    for (int y = first; y < last; ++y) resize_row(rgb.ptr(y), horizontal, wide.ptr(y));
  }
  if (keeps_rows) return keeps_columns ? rgb.clone() : wide;

  static const auto mix_rows = pick_mix_rows();
  cv::Mat out(height, width, CV_8UC3);
  std::vector<std::int32_t> sums(static_cast<std::size_t>(3 * width));
  std::vector<const std::uint8_t*> rows(static_cast<std::size_t>(vertical.taps));
  for (int y = 0; y < height; ++y) {
    const auto at = static_cast<std::size_t>(y);
    for (int i = 0; i < vertical.used[at]; ++i) rows[static_cast<std::size_t>(i)] = wide.ptr(vertical.first[at] + i);
    mix_rows(rows.data(), vertical.weight.data() + at * static_cast<std::size_t>(vertical.taps), vertical.used[at],
             3 * width, sums.data(), out.ptr(y));
  }
  return out;
}

cv::Mat resize_bicubic(const cv::Mat& rgb, int width, int height) {
  return resize_bicubic(rgb, width, height, {0, 0, static_cast<double>(rgb.cols), static_cast<double>(rgb.rows)});
}

}  // namespace fastbox::data
