// Pillow's bicubic resize, to the bit: what KittiBox's frames went through before the network saw them.
//
// Thread-safe: no state; one thread does the work.
#pragma once

#include <opencv2/core.hpp>

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

}  // namespace fastbox::data
