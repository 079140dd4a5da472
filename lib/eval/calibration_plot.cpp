#include "eval/calibration_plot.hpp"

#include <algorithm>
#include <cmath>

#include "base/files.hpp"
#include "base/text.hpp"
#include "eval/plot_parts.hpp"
#include "eval/short_number.hpp"

namespace fastbox::eval {
namespace {

std::string rectangle(const std::string& kind, double left, double top, double right, double bottom,
                      const std::string& tooltip) {
  return concat("<rect class=\"", kind, "\" x=\"", short_number(left), "\" y=\"", short_number(top), "\" width=\"",
                short_number(right - left), "\" height=\"", short_number(bottom - top), "\"><title>", tooltip,
                "</title></rect>\n");
}

std::string tooltip_of(const ReliabilityBin& bin) {
  return concat(bin.detections, bin.detections == 1 ? " detection" : " detections", ", mean confidence ",
                short_number(bin.confidence, 3), ", precision ", short_number(bin.precision, 3));
}

}  // namespace

std::string reliability_svg(const CalibrationResult& result, std::size_t object_class) {
  const ClassCalibration& one = result.classes[object_class];
  const Axes axes{.top = 104};
  const double shares_top = 508, shares_height = 60;
  std::string bars, shares;
  const auto count = static_cast<double>(one.bins.size());
  for (std::size_t b = 0; b < one.bins.size(); ++b) {
    const ReliabilityBin& bin = one.bins[b];
    if (bin.detections == 0) continue;
    const double left = axes.x(static_cast<double>(b) / count) + 1,
                 right = axes.x(static_cast<double>(b + 1) / count) - 1;
    const std::string words = tooltip_of(bin);
    bars += rectangle("bar", left, axes.y(bin.precision), right, axes.y(0), words);
    bars += rectangle("gap", left, axes.y(std::max(bin.precision, bin.confidence)), right,
                      axes.y(std::min(bin.precision, bin.confidence)), words);
    const double share = static_cast<double>(bin.detections) / static_cast<double>(one.detections);
    shares +=
        rectangle("bar", left, shares_top + shares_height * (1 - share), right, shares_top + shares_height, words);
  }
  const auto number = [](double value, int digits) {
    return std::isnan(value) ? std::string("-") : short_number(value, digits);
  };
  std::string body = text("strong", 20, 60,
                          concat("Expected error ", number(one.as_is.expected, 4), "; at temperature ",
                                 number(one.temperature, 2), ' ', number(one.held_out.expected, 4), " (other half's)"));
  body += text("quiet small", 20, 81,
               concat(name_of(result.rules.evaluator), ", ", difficulty_names[result.options.difficulty], ", ",
                      one.detections, one.detections == 1 ? " detection on " : " detections on ", result.frames,
                      result.frames == 1 ? " frame" : " frames"));
  body += draw_axes(axes, "Confidence", "Precision") + bars;
  body += line("ideal", axes.x(0), axes.y(0), axes.x(1), axes.y(1));
  body += text("quiet small", 20, 474, "Bars: precision. Pale: the gap to the mean confidence.");
  body += text("quiet small", 20, 496, "Share of the detections:") + shares;
  body += line("axis", axes.x(0), shares_top + shares_height, axes.x(1), shares_top + shares_height);
  return picture("Reliability", concat(result.rules.classes[object_class].title, ", reliability"), 584, body);
}

std::vector<std::string> write_reliability(const std::filesystem::path& folder, const CalibrationResult& result) {
  std::vector<std::string> files;
  create_folders(folder);
  for (std::size_t c = 0; c < result.rules.classes.size(); ++c) {
    if (!result.detected[c]) continue;
    files.push_back(concat(result.rules.classes[c].name, "-reliability.svg"));
    write_file_atomically(folder / files.back(), reliability_svg(result, c));
  }
  return files;
}

}  // namespace fastbox::eval
