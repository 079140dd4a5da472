#include "data/fingerprint.hpp"

#include <bit>
#include <opencv2/imgproc.hpp>

#include "base/files.hpp"
#include "base/text.hpp"

namespace fastbox::data {

Fingerprint fingerprint_of(const cv::Mat& rgb) {
  CV_Assert(rgb.type() == CV_8UC3 && rgb.isContinuous());
  const std::string_view bytes(reinterpret_cast<const char*>(rgb.data), rgb.total() * rgb.elemSize());
  Fingerprint result;
  result.pixels = concat(rgb.cols, "x", rgb.rows, " ", sha256(bytes));

  constexpr int side = 8;
  cv::Mat grey, small;
  cv::cvtColor(rgb, grey, cv::COLOR_RGB2GRAY);
  cv::resize(grey, small, {side + 1, side}, 0, 0, cv::INTER_AREA);
  for (int row = 0; row < side; ++row)
    for (int column = 0; column < side; ++column) {
      const bool rises = small.at<uchar>(row, column) < small.at<uchar>(row, column + 1);
      result.difference |= std::uint64_t{rises} << (row * side + column);
    }
  return result;
}

int difference_distance(const Fingerprint& one, const Fingerprint& other) {
  return std::popcount(one.difference ^ other.difference);
}

}  // namespace fastbox::data
