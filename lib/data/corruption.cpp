#include "data/corruption.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "base/random.hpp"
#include "base/text.hpp"
#include "io/image.hpp"

namespace fastbox::data {
namespace {

std::uint8_t to_level(double value) {
  return static_cast<std::uint8_t>(std::clamp(std::lround(value), 0L, 255L));
}

/// A stream of its own for each row, so that a picture of another height has the same noise.
cv::Mat with_noise(cv::Mat rgb, double deviation, std::uint64_t seed, std::uint64_t frame) {
  for (int y = 0; y < rgb.rows; ++y) {
    Random random(seed, Purpose::corruption, frame, static_cast<std::uint64_t>(y));
    auto* row = rgb.ptr<std::uint8_t>(y);
    for (int i = 0; i < 3 * rgb.cols; ++i) row[i] = to_level(row[i] + deviation * random.normal());
  }
  return rgb;
}

}  // namespace

const char* name_of(Corruption::Kind kind) {
  switch (kind) {
    case Corruption::Kind::noise:
      return "noise";
    case Corruption::Kind::blur:
      return "blur";
    case Corruption::Kind::darkness:
      return "darkness";
    case Corruption::Kind::jpeg:
      return "jpeg";
  }
  return "";
}

std::string strength_text(const Corruption& corruption) {
  const std::string number = shortest(corruption.strength);
  switch (corruption.kind) {
    case Corruption::Kind::noise:
      return "sigma " + number;
    case Corruption::Kind::blur:
      return "sigma " + number + " px";
    case Corruption::Kind::darkness:
      return "x " + number;
    case Corruption::Kind::jpeg:
      return "quality " + number;
  }
  return number;
}

std::vector<Corruption> standard_corruptions() {
  using Kind = Corruption::Kind;
  return {{Kind::noise, 1, 8},        {Kind::noise, 2, 16}, {Kind::noise, 3, 32},     {Kind::blur, 1, 1},
          {Kind::blur, 2, 2},         {Kind::blur, 3, 4},   {Kind::darkness, 1, 0.5}, {Kind::darkness, 2, 0.25},
          {Kind::darkness, 3, 0.125}, {Kind::jpeg, 1, 40},  {Kind::jpeg, 2, 15},      {Kind::jpeg, 3, 6}};
}

cv::Mat corrupted(const cv::Mat& rgb, const Corruption& corruption, std::uint64_t seed, std::uint64_t frame) {
  cv::Mat result;
  switch (corruption.kind) {
    case Corruption::Kind::noise:
      return with_noise(rgb.clone(), corruption.strength, seed, frame);
    case Corruption::Kind::blur:
      cv::GaussianBlur(rgb, result, {}, corruption.strength);
      return result;
    case Corruption::Kind::darkness:
      rgb.convertTo(result, -1, corruption.strength);
      return result;
    case Corruption::Kind::jpeg:
      return io::decode_jpeg(io::encode_jpeg(rgb, static_cast<int>(corruption.strength)));
  }
  return rgb.clone();
}

}  // namespace fastbox::data
