// A map of what a detection rests on, as heat over its frame.
//
// Thread-safe: no state; the frame is changed in place.
#pragma once

#include <opencv2/core.hpp>

#include <string>

#include "io/kitti_label.hpp"

namespace fastbox::eval {

/// Shows the frame darkened and without colours, the map over it from nothing through violet and orange (OpenCV's inferno)
/// to bright yellow at its largest value, and the object's box with `words` on its plate. `rgb`: CV_8UC3 of any size;
/// `map`: CV_32FC1 of any size, 0 or more, stretched to the frame. Throws Error(defect) for other kinds of pictures.
void draw_explanation(cv::Mat& rgb, const cv::Mat& map, const io::Object& object, const std::string& words);

}  // namespace fastbox::eval
