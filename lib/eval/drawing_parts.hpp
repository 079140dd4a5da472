// What drawing.cpp and mistake_drawing.cpp draw with: boxes, dashed boxes, and plates that keep clear of each other.
//
// Every line has a dark companion, so that one of the two shows on any ground. Lines and letters grow with the frame's
// width. Thread-safe: no state; pictures are changed in place. `rgb` is CV_8UC3; boxes may reach outside it.
#pragma once

#include <opencv2/core.hpp>

#include <string>
#include <vector>

#include "io/kitti_label.hpp"

namespace fastbox::eval {

/// Where a box's text stands.
struct Plate {
  cv::Rect area;      ///< pixels, inside the frame wherever the frame is as large as the text
  cv::Point origin;   ///< left end of the text's base line
  std::string text;   ///< such as "Car 0.93"
  double font_scale;  ///< of OpenCV's FONT_HERSHEY_SIMPLEX
};

/// A box and the words on its plate.
struct Caption {
  io::Box box;
  std::string text;
};

/// How many pixels wide a plain line is: 2 in KITTI's frames.
int line_width(cv::Size frame);

/// A plate for each caption: above its box, else inside or below it, away from the plates before it in the list where
/// there is room.
std::vector<Plate> place_captions(const std::vector<Caption>& captions, cv::Size frame);

/// A line of `width` pixels with a dark outline.
void draw_box(cv::Mat& rgb, const io::Box& box, const cv::Scalar& colour, int width);

/// Bright dashes on a dark line of the same width.
void draw_dashed_box(cv::Mat& rgb, const io::Box& box, const cv::Scalar& colour, int width);

/// The plate filled with the colour, its text black or white, whichever is read better.
void draw_plate(cv::Mat& rgb, const Plate& plate, const cv::Scalar& colour);

/// Throws Error(defect) for a picture that is not CV_8UC3.
void require_rgb(const cv::Mat& picture);

}  // namespace fastbox::eval
