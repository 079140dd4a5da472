// Why a detection is there: a map over the network's input of what the confidence of the detection's cell rests on.
//
// By gradient: how much the cell's log-odds change with a pixel, the largest absolute value of its three colours (Simonyan
// et al. 2014, "Deep Inside Convolutional Networks"), smoothed. By occlusion: how far the cell's confidence falls where
// a grey patch covers the picture (Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks").
// Both look at the plain pass: without mirror, and in the type of the parameters also where the run's arithmetic is bf16.
//
// Views the model, which must outlive it; gradients of the parameters stay as they are. One thread, the model's.
#pragma once

#include <opencv2/core.hpp>

#include <string>

#include "train/detector.hpp"

namespace fastbox::train {

enum class ExplainBy { gradient, occlusion };

/// "gradient", "occlusion".
const char* name_of(ExplainBy by);

/// Throws Error(usage) for another name.
ExplainBy explain_by_named(const std::string& name);

inline constexpr double gradient_blur = 4;    ///< sigma of the smoothing, pixels of the network's input
inline constexpr float occlusion_grey = 128;  ///< of the patch, grey levels
inline constexpr int patches_a_side = 3;      ///< the patch is a third of the box wide and high, ...
inline constexpr int smallest_patch = 8;      ///< ... but at least so many pixels; its step is half of that
inline constexpr double occlusion_reach =
    1;  ///< the patch also covers so many boxes' widths and heights around the box

struct Explanation {
  cv::Mat map;            ///< CV_32FC1, height x width of the network's input; 0 or more; by gradient: smoothed
  double largest = 0;     ///< log-odds a grey level, before smoothing; or the largest fall of the confidence
  double inside = 0;      ///< the part of its sum, before smoothing, that lies in the box: 0..1; NaN where all is 0
  double even = 0;        ///< what `inside` would be were the map the same everywhere that was looked at
  double confidence = 0;  ///< of the cell in the plain pass
};

/// The derivative of a cell's log-odds (models::Network::confidence_logits) with respect to each number of the image.
/// `rgb`: 1 x 3 x H x W. Returns 3 x H x W of its type, log-odds a grey level.
at::Tensor confidence_gradient(models::Network& model, const at::Tensor& rgb, int object_class, int cell);

/// `frame` at the size that the settings give; `found`: a detection in it (Detector::found_in). Throws Error(numbers)
/// where what the network says is not finite.
Explanation explain(models::Network& model, const config::Settings& settings, const data::EvaluationFrame& frame,
                    const Detector::Found& found, ExplainBy by);

}  // namespace fastbox::train
