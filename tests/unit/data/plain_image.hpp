// From a frame to the network's image one formula after another, each over the whole picture: what ImageMaker equals to
// the bit.
#pragma once

#include <opencv2/core.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "base/random.hpp"
#include "data/augment.hpp"

namespace fastbox::test {

inline cv::Mat noise(int width, int height, std::uint64_t seed) {
  cv::Mat picture(height, width, CV_8UC3);
  Random random(seed, Purpose::scene);
  for (std::size_t i = 0; i < picture.total() * 3; ++i) picture.data[i] = static_cast<uchar>(random.below(256));
  return picture;
}

inline double plain_cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/// One pass along the columns, from pixels begin .. end to `output`; each sum is rounded to 8 bits. As Pillow's
/// Resample.c.
inline cv::Mat plain_pass(const cv::Mat& in, double begin, double end, int output) {
  const double scale = (end - begin) / output, filter_scale = std::max(scale, 1.0), radius = 2 * filter_scale;
  cv::Mat out(in.rows, output, CV_8UC3);
  for (int o = 0; o < output; ++o) {
    double centre = begin + (o + 0.5) * scale;
    if (centre < 0) centre = 0.5;
    if (centre > in.cols) centre = in.cols - 0.5;
    const int low = std::max(static_cast<int>(centre - radius + 0.5), 0),
              high = std::min(static_cast<int>(centre + radius + 0.5), in.cols);
    double sum = 0;
    for (int i = low; i < high; ++i) sum += plain_cubic((i - centre + 0.5) * (1.0 / filter_scale));
    std::vector<int> weight;
    for (int i = low; i < high; ++i) {
      const double value = plain_cubic((i - centre + 0.5) * (1.0 / filter_scale)) / (sum != 0 ? sum : 1);
      weight.push_back(static_cast<int>((value < 0 ? -0.5 : 0.5) + value * (1 << 22)));
    }
    for (int y = 0; y < in.rows; ++y)
      for (int c = 0; c < 3; ++c) {
        int total = 1 << 21;
        for (int i = low; i < high; ++i) total += in.at<cv::Vec3b>(y, i)[c] * weight[static_cast<std::size_t>(i - low)];
        out.at<cv::Vec3b>(y, o)[c] = static_cast<uchar>(std::clamp(total >> 22, 0, 255));
      }
  }
  return out;
}

/// tf.image's adjust_saturation and adjust_hue.
inline std::array<double, 3> plain_tint(const std::array<double, 3>& rgb, const data::Colour& colour) {
  const double value = std::max({rgb[0], rgb[1], rgb[2]}), range = value - std::min({rgb[0], rgb[1], rgb[2]});
  if (!(value > 0) || !(range > 0)) return {value, value, value};
  double hue = 0;
  if (value == rgb[0])
    hue = (rgb[1] - rgb[2]) / (6 * range);
  else if (value == rgb[1])
    hue = (rgb[2] - rgb[0]) / (6 * range) + 1.0 / 3;
  else
    hue = (rgb[0] - rgb[1]) / (6 * range) + 2.0 / 3;
  hue += colour.hue;
  hue -= std::floor(hue);
  const double saturation = std::clamp(range / value * colour.saturation, 0.0, 1.0);
  const std::array<double, 3> full = {std::abs(hue * 6 - 3) - 1, 2 - std::abs(hue * 6 - 2), 2 - std::abs(hue * 6 - 4)};
  std::array<double, 3> out{};
  for (std::size_t c = 0; c < 3; ++c) out[c] = (1 - saturation + saturation * std::clamp(full[c], 0.0, 1.0)) * value;
  return out;
}

inline std::vector<float> plain_image(const cv::Mat& frame, const data::Region& region, bool flip,
                                      const data::Colour& colour, int width, int height) {
  cv::Mat picture;
  cv::transpose(plain_pass(frame, region.left, region.right, width), picture);
  cv::transpose(plain_pass(picture, region.top, region.bottom, height), picture);
  std::array<std::int64_t, 3> sum{};
  for (const auto& pixel : cv::Mat_<cv::Vec3b>(picture))
    for (int c = 0; c < 3; ++c) sum[static_cast<std::size_t>(c)] += pixel[c];
  std::vector<float> out;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const cv::Vec3b& pixel = picture.at<cv::Vec3b>(y, flip ? width - 1 - x : x);
      std::array<double, 3> rgb{};
      for (std::size_t c = 0; c < 3; ++c) {
        const double mean = static_cast<double>(sum[c]) / static_cast<double>(picture.total()) + colour.brightness;
        rgb[c] = (pixel[static_cast<int>(c)] + colour.brightness - mean) * colour.contrast + mean;
      }
      if (colour.saturation != 1 || colour.hue != 0) rgb = plain_tint(rgb, colour);
      for (const double value : rgb) out.push_back(static_cast<float>(std::clamp(value, 0.0, 255.0)));
    }
  return out;
}

}  // namespace fastbox::test
