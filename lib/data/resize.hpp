// Pillow's bicubic resize, to the bit: what KittiBox's frames went through before the network saw them.
//
// The functions are thread-safe; a RowResizer belongs to one thread.
#pragma once

#include <opencv2/core.hpp>

#include <cstdint>
#include <vector>

#include "data/resize_kernels.hpp"

namespace fastbox::data {

/// A part of a picture in pixels (pixel i covers i .. i+1). May reach outside of the picture.
struct Region {
  double left = 0, top = 0, right = 0, bottom = 0;
};

/// Resizes H x W x 3 uint8 to height x width x 3 with the antialiased cubic kernel a = -1/2: two passes,
/// horizontal first, 22-bit fixed-point weights, rounded to 8 bits after each. Equal to Pillow's
/// Image.resize((width, height), Image.BICUBIC). Requires CV_8UC3, not empty.
/// Source: Keys 1981, "Cubic convolution interpolation"; src/libImaging/Resample.c of Pillow.
cv::Mat resize_bicubic(const cv::Mat& rgb, int width, int height);

/// As above from a part of the picture (Pillow's `box`). Where the region reaches outside, the picture's
/// border is repeated. Requires a region of positive width and height.
cv::Mat resize_bicubic(const cv::Mat& rgb, int width, int height, const Region& region);

/// The same, row by row: only the few rows between the two passes are kept, so all of it stays in the processor's
/// cache. Rows come as planes (resize_kernels.hpp). Buffers are kept from picture to picture.
class RowResizer {
 public:
  /// Begins a picture, which must live until its last row. `mirror`: left to right. Requires what resize_bicubic does.
  void start(const cv::Mat& rgb, int width, int height, const Region& region, bool mirror);

  /// Bytes of a row: three planes.
  std::size_t row_bytes() const { return 3 * plane_; }

  /// Writes the next row, row_bytes(); beyond its width there are zeros. At most `height` times.
  void next(std::uint8_t* out);

  /// Of the rows so far: each channel's sum over them.
  const RowSums& sums() const { return sums_; }

 private:
  const std::uint8_t* wide_row(int y);

  cv::Mat picture_;
  std::size_t plane_ = 0;  // bytes
  bool keeps_columns_ = false;
  Taps horizontal_, vertical_;
  PackedTaps packed_;
  cv::Mat line_;               // planes of a row of the picture; a Mat's memory is aligned for vectors
  cv::Mat ring_;               // rows that went through the horizontal pass, row y in slot y % slots
  std::vector<int> ring_row_;  // by slot: the row that it holds; -1: none
  std::vector<const std::uint8_t*> rows_;
  RowSums sums_{};
  std::size_t next_ = 0;
};

}  // namespace fastbox::data
