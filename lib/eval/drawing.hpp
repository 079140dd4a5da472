// Detections drawn onto a frame so that a person can judge them, by day and by night.
//
// Every box has a dark outline under a bright line of its class's colour, and a plate in that colour with the
// class and score: readable on a dark road and on a bright sky. Thread-safe: no state; the frame is changed
// in place.
#pragma once

#include <opencv2/core.hpp>

#include <string>
#include <vector>

#include "eval/drawing_parts.hpp"
#include "io/kitti_label.hpp"

namespace fastbox::eval {

struct DrawOptions {
  double minimum_score = 0.3;  ///< detections of a lower score are left out
  bool draw_dont_care = true;  ///< of the ground truth
};

/// R, G, B of a class, names compared without case; grey for unknown ones.
cv::Scalar colour_of(const std::string& type);

/// A plate with class and score for each detection, as place_captions places it.
std::vector<Plate> place_plates(const std::vector<io::Object>& detections, cv::Size frame);

/// Draws the ground truth (thin, dashed, without text), then the detections, the surest on top. `rgb`:
/// CV_8UC3 of any size. Boxes may reach outside the frame. Throws Error(defect) for another kind of picture.
void draw_objects(cv::Mat& rgb, const std::vector<io::Object>& detections,
                  const std::vector<io::Object>& ground_truth = {}, const DrawOptions& options = {});

/// A frame with its objects.
struct DrawnFrame {
  cv::Mat rgb;
  std::vector<io::Object> detections, ground_truth;
};

/// At most `widest` pixels wide, the boxes scaled with it: what is drawn on the small picture has lines and letters of full
/// size. The picture is a copy.
DrawnFrame shrink(const DrawnFrame& frame, int widest);

}  // namespace fastbox::eval
