// Pictures made worse in known amounts: what a detector still finds then tells how robust it is.
//
// A corrupted picture is a function of the picture, the corruption, the seed and the frame's place in its list.
// Thread-safe: no state.
#pragma once

#include <opencv2/core.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace fastbox::data {

struct Corruption {
  /// noise: Gaussian, added to each channel of each pixel; blur: Gaussian; darkness: every channel times a factor; jpeg:
  /// compressed and decoded again.
  enum class Kind { noise, blur, darkness, jpeg };

  Kind kind = Kind::noise;
  int severity = 1;  ///< 1 .. 3
  double strength =
      0;  ///< noise: standard deviation, of 0..255; blur: the same in pixels; darkness: the factor; jpeg: quality
};

/// "noise", ...
const char* name_of(Corruption::Kind kind);

/// "sigma 10", "sigma 2 px", "x 0.5", "quality 20".
std::string strength_text(const Corruption& corruption);

/// Kind after kind, each at severity 1, 2 and 3: noise 8, 16, 32; blur 1, 2, 4; darkness .5, .25, .125; jpeg 40, 15, 6.
std::vector<Corruption> standard_corruptions();

/// Requires H x W x 3 uint8, RGB, not empty. Throws Error(environment) where JPEG fails.
cv::Mat corrupted(const cv::Mat& rgb, const Corruption& corruption, std::uint64_t seed, std::uint64_t frame);

}  // namespace fastbox::data
