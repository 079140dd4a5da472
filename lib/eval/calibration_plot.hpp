// Reliability diagrams as SVG files that stand alone, in the look of curve_plot.hpp.
//
// A bar for each bin: its precision; between the bar's end and its mean confidence the gap. Dashed: where the two are equal.
// Below: the share of the detections that each bin holds. Thread-safe: no state.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "eval/calibration.hpp"

namespace fastbox::eval {

/// Requires a class that is detected.
std::string reliability_svg(const CalibrationResult& result, std::size_t object_class);

/// Writes car-reliability.svg, .. for every class that is detected, and creates the folder; returns the files' names.
/// Throws Error(environment).
std::vector<std::string> write_reliability(const std::filesystem::path& folder, const CalibrationResult& result);

}  // namespace fastbox::eval
