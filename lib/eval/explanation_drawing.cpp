#include "eval/explanation_drawing.hpp"

#include <opencv2/imgproc.hpp>

#include "base/error.hpp"
#include "eval/drawing.hpp"

namespace fastbox::eval {
namespace {

constexpr double ground_brightness = 0.65;  // of the frame: the heat's dark end shows on it, and lane lines do too
constexpr double most_heat = 0.85;          // opacity at the largest value

/// 0 .. 255 of the largest value; 0 throughout where the map is.
cv::Mat levels_of(const cv::Mat& map, cv::Size size) {
  double largest = 0;
  cv::minMaxLoc(map, nullptr, &largest);
  cv::Mat stretched, levels;
  cv::resize(map, stretched, size, 0, 0, cv::INTER_LINEAR);
  stretched.convertTo(levels, CV_8UC1, largest > 0 ? 255 / largest : 0);
  return levels;
}

}  // namespace

void draw_explanation(cv::Mat& rgb, const cv::Mat& map, const io::Object& object, const std::string& words) {
  require_rgb(rgb);
  if (map.type() != CV_32FC1 || map.empty()) fail(ExitCode::defect, "a map of another kind, expected 32-bit floats");
  const cv::Mat levels = levels_of(map, rgb.size());
  cv::Mat grey, heat;
  cv::cvtColor(rgb, grey, cv::COLOR_RGB2GRAY);
  cv::applyColorMap(levels, heat, cv::COLORMAP_INFERNO);
  cv::cvtColor(heat, heat, cv::COLOR_BGR2RGB);
  for (int y = 0; y < rgb.rows; ++y)
    for (int x = 0; x < rgb.cols; ++x) {
      const double opacity = most_heat * levels.at<uchar>(y, x) / 255;
      const double ground = ground_brightness * grey.at<uchar>(y, x) * (1 - opacity);
      auto& pixel = rgb.at<cv::Vec3b>(y, x);
      for (int c = 0; c < 3; ++c) pixel[c] = cv::saturate_cast<uchar>(ground + opacity * heat.at<cv::Vec3b>(y, x)[c]);
    }
  const cv::Scalar colour = colour_of(object.type);
  draw_box(rgb, object.box, colour, line_width(rgb.size()));
  for (const Plate& plate : place_captions({{object.box, words}}, rgb.size())) draw_plate(rgb, plate, colour);
}

}  // namespace fastbox::eval
