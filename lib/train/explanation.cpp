#include "train/explanation.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.hpp"
#include "train/batch_tensors.hpp"

namespace fastbox::train {
namespace {

constexpr std::int64_t patches_at_once = 8;

at::Tensor image_of(models::Network& model, const config::Settings& settings, const data::EvaluationFrame& frame) {
  const at::TensorOptions options = model.parameters().front().options().requires_grad(false);
  return to_tensor(frame, settings.model.width, settings.model.height, options);
}

/// Of each image of the batch.
at::Tensor logits_of_cell(models::Network& model, const at::Tensor& rgb, int object_class, int cell) {
  return model.confidence_logits(rgb).flatten(1, 2).select(1, cell).select(1, object_class);
}

/// The box in pixels of the network's input, cut to it; empty where it lies outside.
cv::Rect2d box_in_input(const io::Box& box, const data::EvaluationFrame& frame, cv::Size input) {
  const double x = static_cast<double>(input.width) / frame.frame_width;
  const double y = static_cast<double>(input.height) / frame.frame_height;
  const cv::Rect2d scaled(box.left * x, box.top * y, std::max(0.0, box.width() * x), std::max(0.0, box.height() * y));
  return scaled & cv::Rect2d(0, 0, input.width, input.height);
}

/// The pixels whose centres lie within.
cv::Rect pixels_in(const cv::Rect2d& box) {
  const auto first = [](double edge) { return static_cast<int>(std::ceil(edge - 0.5)); };
  return {cv::Point(first(box.x), first(box.y)), cv::Point(first(box.br().x), first(box.br().y))};
}

double ratio(double part, double whole) {
  return whole > 0 ? part / whole : std::nan("");
}

void require_finite(double value, const data::EvaluationFrame& frame) {
  if (!std::isfinite(value))
    fail(ExitCode::numbers, frame.name, ": the explanation of a detection is not finite, expected numbers");
}

/// Where patches begin along one axis, so that they cover `from` .. `to` and stay within.
std::vector<int> starts(int from, int to, int patch) {
  std::vector<int> at;
  for (int start = from; start + patch < to; start += std::max(1, patch / 2)) at.push_back(start);
  at.push_back(std::max(from, to - patch));
  return at;
}

struct Patches {
  cv::Rect region;  ///< that they cover
  std::vector<cv::Rect> places;
};

Patches patches_around(const cv::Rect2d& box, cv::Size input) {
  const auto size = [](double side, int most) {
    return std::min(most, std::max(smallest_patch, static_cast<int>(std::lround(side / patches_a_side))));
  };
  const cv::Size patch(size(box.width, input.width), size(box.height, input.height));
  const double across = std::max<double>(occlusion_reach * box.width, patch.width);
  const double up = std::max<double>(occlusion_reach * box.height, patch.height);
  const cv::Point2d reach(across, up);
  Patches patches;
  const cv::Point first(box.tl() - reach), last(box.br() + reach);
  patches.region = cv::Rect(first, last) & cv::Rect({}, input);
  const cv::Rect& region = patches.region;
  for (const int y : starts(region.y, region.br().y, patch.height))
    for (const int x : starts(region.x, region.br().x, patch.width))
      patches.places.push_back(cv::Rect({x, y}, patch) & region);
  return patches;
}

/// How far the confidence falls with the patch at each place.
std::vector<double> falls(models::Network& model, const at::Tensor& image, const std::vector<cv::Rect>& places,
                          const Detector::Found& found, double confidence) {
  std::vector<double> all;
  for (std::size_t begin = 0; begin < places.size(); begin += patches_at_once) {
    const auto count = std::min<std::int64_t>(patches_at_once, std::ssize(places) - static_cast<std::int64_t>(begin));
    const at::Tensor covered = image.expand({count, -1, -1, -1}).clone(at::MemoryFormat::ChannelsLast);
    for (std::int64_t i = 0; i < count; ++i) {
      const cv::Rect& place = places[begin + static_cast<std::size_t>(i)];
      covered[i].narrow(1, place.y, place.height).narrow(2, place.x, place.width).fill_(occlusion_grey);
    }
    const at::Tensor left = at::sigmoid(logits_of_cell(model, covered, found.object_class, found.cell).to(at::kDouble))
                                .to(at::kCPU)
                                .contiguous();
    for (std::int64_t i = 0; i < count; ++i) all.push_back(confidence - left.const_data_ptr<double>()[i]);
  }
  return all;
}

/// How much of the map lies in the box, and how large it is; to be asked before the map is smoothed for the eye: smoothing
/// carries much of a small box's share out of it.
void measure(const cv::Mat& map, const cv::Rect2d& box, double region, const data::EvaluationFrame& frame,
             Explanation& result) {
  const cv::Rect pixels = pixels_in(box);
  const double sum = cv::sum(map)[0];
  require_finite(sum, frame);
  result.inside = ratio(pixels.empty() ? 0 : cv::sum(map(pixels))[0], sum);
  result.even = ratio(pixels.area(), region);
}

/// The largest absolute derivative of each pixel's colours.
cv::Mat steepness(models::Network& model, const at::Tensor& image, const Detector::Found& found) {
  const at::Tensor steepest = confidence_gradient(model, image, found.object_class, found.cell)
                                  .abs()
                                  .amax(0)
                                  .to(at::kCPU, at::kFloat)
                                  .contiguous();
  return cv::Mat(static_cast<int>(steepest.size(0)), static_cast<int>(steepest.size(1)), CV_32FC1,
                 steepest.data_ptr<float>())
      .clone();
}

/// Each pixel has the mean over the patches that cover it; where that is below 0, covering it makes the cell surer.
void explain_by_occlusion(models::Network& model, const at::Tensor& image, const Detector::Found& found,
                          const Patches& patches, Explanation& result) {
  const auto fallen = falls(model, image, patches.places, found, result.confidence);
  result.largest = *std::max_element(fallen.begin(), fallen.end());
  const cv::Size size(static_cast<int>(image.size(3)), static_cast<int>(image.size(2)));
  cv::Mat count = cv::Mat::zeros(size, CV_32FC1);
  result.map = cv::Mat::zeros(size, CV_32FC1);
  for (std::size_t i = 0; i < fallen.size(); ++i) {
    result.map(patches.places[i]) += fallen[i];
    count(patches.places[i]) += 1;
  }
  result.map = cv::max(result.map / cv::max(count, 1), 0);
}

}  // namespace

const char* name_of(ExplainBy by) {
  return by == ExplainBy::gradient ? "gradient" : "occlusion";
}

ExplainBy explain_by_named(const std::string& name) {
  for (const auto by : {ExplainBy::gradient, ExplainBy::occlusion})
    if (name == name_of(by)) return by;
  fail(ExitCode::usage, "explanations by '", name, "', expected gradient or occlusion");
}

at::Tensor confidence_gradient(models::Network& model, const at::Tensor& rgb, int object_class, int cell) {
  const models::RunningStatisticsOnly settled(model);
  const at::AutoGradMode with_gradients(true);
  const at::Tensor image = rgb.detach().requires_grad_();
  const at::Tensor logit = logits_of_cell(model, image, object_class, cell);
  return torch::autograd::grad({logit.sum()}, {image})[0][0];
}

Explanation explain(models::Network& model, const config::Settings& settings, const data::EvaluationFrame& frame,
                    const Detector::Found& found, ExplainBy by) {
  const models::RunningStatisticsOnly settled(model);
  const at::NoGradGuard no_gradients;
  const cv::Size input(settings.model.width, settings.model.height);
  const at::Tensor image = image_of(model, settings, frame);
  const cv::Rect2d box = box_in_input(found.object.box, frame, input);
  Explanation result;
  result.confidence =
      at::sigmoid(logits_of_cell(model, image, found.object_class, found.cell).to(at::kDouble)).item<double>();
  require_finite(result.confidence, frame);
  if (by == ExplainBy::gradient) {
    result.map = steepness(model, image, found);
    measure(result.map, box, input.area(), frame, result);
    cv::minMaxLoc(result.map, nullptr, &result.largest);
    cv::GaussianBlur(result.map, result.map, {}, gradient_blur, gradient_blur, cv::BORDER_REFLECT_101);
  } else {
    const Patches patches = patches_around(box, input);
    explain_by_occlusion(model, image, found, patches, result);
    measure(result.map, box, patches.region.area(), frame, result);
  }
  return result;
}

}  // namespace fastbox::train
