#include "eval/drawing.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"

namespace fastbox::eval {

cv::Scalar colour_of(const std::string& type) {
  static const std::array<std::pair<const char*, cv::Scalar>, 8> colours = {{{"car", {64, 255, 96}},
                                                                             {"van", {0, 200, 200}},
                                                                             {"truck", {150, 140, 255}},
                                                                             {"pedestrian", {255, 96, 200}},
                                                                             {"person_sitting", {255, 150, 150}},
                                                                             {"cyclist", {255, 200, 0}},
                                                                             {"tram", {255, 120, 40}},
                                                                             {"misc", {200, 230, 160}}}};
  const std::string name = lower(type);
  for (const auto& [known, colour] : colours)
    if (name == known) return colour;
  return {170, 170, 170};
}

std::vector<Plate> place_plates(const std::vector<io::Object>& detections, cv::Size frame) {
  std::vector<Caption> captions;
  for (const auto& detection : detections)
    captions.push_back({detection.box, detection.type + " " + fixed(detection.score, 2)});
  return place_captions(captions, frame);
}

void draw_objects(cv::Mat& rgb, const std::vector<io::Object>& detections, const std::vector<io::Object>& ground_truth,
                  const DrawOptions& options) {
  require_rgb(rgb);
  const int width = line_width(rgb.size());
  for (const auto& object : ground_truth) {
    const bool dont_care = lower(object.type) == "dontcare";
    if (!dont_care || options.draw_dont_care)
      draw_dashed_box(rgb, object.box, dont_care ? colour_of(object.type) : cv::Scalar(255, 255, 255),
                      std::max(1, width / 2));
  }
  std::vector<io::Object> shown;
  std::copy_if(detections.begin(), detections.end(), std::back_inserter(shown),
               [&](const auto& object) { return object.score >= options.minimum_score; });
  std::stable_sort(shown.begin(), shown.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
  const std::vector<Plate> plates = place_plates(shown, rgb.size());
  for (auto object = shown.rbegin(); object != shown.rend(); ++object)
    draw_box(rgb, object->box, colour_of(object->type), width);
  for (std::size_t i = plates.size(); i-- > 0;) draw_plate(rgb, plates[i], colour_of(shown[i].type));
}

DrawnFrame shrink(const DrawnFrame& frame, int widest) {
  const double factor = std::min(1.0, static_cast<double>(widest) / frame.rgb.cols);
  DrawnFrame small{{}, frame.detections, frame.ground_truth};
  cv::resize(frame.rgb, small.rgb, {}, factor, factor, cv::INTER_AREA);
  for (auto* objects : {&small.detections, &small.ground_truth})
    for (auto& object : *objects)
      for (double* side : {&object.box.left, &object.box.top, &object.box.right, &object.box.bottom}) *side *= factor;
  return small;
}

}  // namespace fastbox::eval
