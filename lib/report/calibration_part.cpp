#include <cmath>

#include "base/error.hpp"
#include "base/text.hpp"
#include "eval/calibration.hpp"
#include "report/bar_chart.hpp"
#include "report/html.hpp"
#include "report/line_chart.hpp"
#include "report/sections.hpp"

namespace fastbox::report {
namespace {

std::string diagram(const eval::ClassCalibration& one, const std::string& name) {
  Series bins{"detections", "k0", {}, Mark::line};
  for (const auto& bin : one.bins)
    if (bin.detections > 0) bins.points.push_back({bin.confidence, bin.precision});
  return draw(LineChart{.title = concat("Reliability, ", name),
                        .subtitle = concat("expected calibration error ", dash_or_fixed(one.as_is.expected, 4)),
                        .x_title = "mean score of a bin",
                        .y_title = "precision",
                        .series = {{"calibrated", "k1 d1", {{0, 0}, {1, 1}}, Mark::line}, std::move(bins)},
                        .x_low = 0,
                        .x_high = 1,
                        .y_high = 1});
}

std::string counts(const eval::ClassCalibration& one, const std::string& name) {
  UprightBars chart{.title = concat("Detections by score, ", name),
                    .subtitle = concat(grouped(one.detections), " in ", one.bins.size(), " bins"),
                    .x_title = "score",
                    .y_title = "detections",
                    .parts = {{"right", "k0"}, {"wrong", "k1"}}};
  const auto bins = static_cast<double>(one.bins.size());
  for (std::size_t b = 0; b < one.bins.size(); ++b) {
    const auto& bin = one.bins[b];
    const auto count = static_cast<double>(bin.detections);
    const double right = bin.detections == 0 ? 0 : std::round(bin.precision * count);
    chart.bars.push_back({static_cast<double>(b) / bins, static_cast<double>(b + 1) / bins, {right, count - right}});
  }
  return draw(chart);
}

std::string calibration_html(const DetectedFrames& detected) {
  const auto result = eval::calibrate(detected.frames, detected.rules);
  Table table({{"class"},
               {"detections", true},
               {"right", true},
               {"expected error", true},
               {"maximum", true},
               {"Brier", true},
               {"temperature", true},
               {"expected error, scaled", true}});
  std::string charts;
  for (std::size_t c = 0; c < result.classes.size(); ++c) {
    const auto& one = result.classes[c];
    if (!result.detected[c] || one.detections == 0) continue;
    table.add({result.rules.classes[c].name, grouped(one.detections), grouped(one.right),
               dash_or_fixed(one.as_is.expected, 4), dash_or_fixed(one.as_is.maximum, 4),
               dash_or_fixed(one.as_is.brier, 4), dash_or_fixed(one.temperature, 3),
               dash_or_fixed(one.held_out.expected, 4)});
    charts += diagram(one, result.rules.classes[c].name) + counts(one, result.rules.classes[c].name);
  }
  if (charts.empty()) return "";
  return concat(element("h4", "", "Calibration"),
                note(concat("How far a score is from the share of right detections among those of like score: ",
                            detected.step_name, ", difficulty moderate.")),
                "<div class=\"charts\">\n", charts, "</div>\n", table.html(),
                note("Scaled: each half of the frames at the temperature that fits the other half. "
                     "evaluation.temperature applies one."));
}

}  // namespace

std::string calibration_part(const RunRecord& run) {
  DetectedFrames detected;
  try {
    detected = read_detected_frames(run);
  } catch (const Error&) {
    return "";  // the section of pictures needs the same files and tells what is wrong with them
  }
  try {
    return calibration_html(detected);
  } catch (const Error& problem) {
    return note(problem.what());
  }
}

}  // namespace fastbox::report
