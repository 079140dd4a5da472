// A bad frame drawn so that a person sees at once what went wrong in it: which ground truths were missed and which
// detections are false.
//
// Missed: a thick dashed red box with the plate "missed Car". False: a thick amber box with the plate "false Car 0.83".
// Everything else is thin and without text: detections that found their ground truth in their class's colour, the other
// ground truths dashed. Mistakes differ in dashes and words too, not by colour alone. Thread-safe: no state.
#pragma once

#include <opencv2/core.hpp>

#include <vector>

#include "eval/drawing.hpp"

namespace fastbox::eval {

/// R, G, B of the two kinds of mistakes.
inline const cv::Scalar missed_colour(255, 84, 84), false_colour(255, 176, 0);

/// Draws onto `rgb`, CV_8UC3 of any size; boxes may reach outside the frame. `missed_labels` and `false_detections` are places
/// in `labels` and `detections` (WorstFrame's), in any order. Detections under options.minimum_score are left out, false
/// or not. Throws Error(defect) for another kind of picture and for a place that there is not.
void draw_mistakes(cv::Mat& rgb, const std::vector<io::Object>& detections, const std::vector<io::Object>& labels,
                   const std::vector<std::size_t>& missed_labels, const std::vector<std::size_t>& false_detections,
                   const DrawOptions& options = {});

}  // namespace fastbox::eval
