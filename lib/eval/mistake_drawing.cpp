#include "eval/mistake_drawing.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace fastbox::eval {
namespace {

/// For each of `count` objects whether its place is among the given ones.
std::vector<bool> marks(const std::vector<std::size_t>& places, std::size_t count, const char* what) {
  std::vector<bool> marked(count);
  for (const auto place : places) {
    if (place >= count) fail(ExitCode::defect, what, " ", place, " of ", count);
    marked[place] = true;
  }
  return marked;
}

}  // namespace

void draw_mistakes(cv::Mat& rgb, const std::vector<io::Object>& detections, const std::vector<io::Object>& labels,
                   const std::vector<std::size_t>& missed_labels, const std::vector<std::size_t>& false_detections,
                   const DrawOptions& options) {
  require_rgb(rgb);
  const auto is_missed = marks(missed_labels, labels.size(), "missed label");
  const auto is_false = marks(false_detections, detections.size(), "false detection");
  const int width = line_width(rgb.size()), thin = std::max(1, width / 2), thick = width + thin;

  std::vector<const io::Object*> missed, wrong;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const bool dont_care = lower(labels[i].type) == "dontcare";
    if (is_missed[i])
      missed.push_back(&labels[i]);
    else if (!dont_care || options.draw_dont_care)
      draw_dashed_box(rgb, labels[i].box, dont_care ? colour_of(labels[i].type) : cv::Scalar::all(255), thin);
  }
  for (std::size_t i = 0; i < detections.size(); ++i) {
    if (detections[i].score < options.minimum_score) continue;
    if (is_false[i])
      wrong.push_back(&detections[i]);
    else
      draw_box(rgb, detections[i].box, colour_of(detections[i].type), thin);
  }
  std::stable_sort(wrong.begin(), wrong.end(), [](const auto* a, const auto* b) { return a->score > b->score; });

  // The misses' plates are placed first: there are few of them, and a false detection's box says more without its words.
  std::vector<Caption> captions;
  for (const auto* label : missed) captions.push_back({label->box, "missed " + label->type});
  for (const auto* detection : wrong)
    captions.push_back({detection->box, "false " + detection->type + " " + fixed(detection->score, 2)});
  const auto plates = place_captions(captions, rgb.size());
  for (auto detection = wrong.rbegin(); detection != wrong.rend(); ++detection)
    draw_box(rgb, (*detection)->box, false_colour, thick);
  for (const auto* label : missed) draw_dashed_box(rgb, label->box, missed_colour, thick);
  for (std::size_t i = plates.size(); i-- > 0;)
    draw_plate(rgb, plates[i], i < missed.size() ? missed_colour : false_colour);
}

}  // namespace fastbox::eval
