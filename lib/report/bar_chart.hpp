// Stacked bars: upright over a number line (time over samples, histograms), or lying, one a row (ranks, runs).
//
// Pure functions; thread-safe. Values that are not finite or not above 0 take no room.
#pragma once

#include <string>
#include <vector>

#include "report/figure.hpp"

namespace fastbox::report {

/// What bars are stacked of, from the axis outwards.
struct Part {
  std::string name;
  std::string kind;  ///< class of its colour
};

struct UprightBars {
  struct Bar {
    double from = 0, to = 0;  ///< on the x axis
    std::vector<double> values;
  };
  /// A dashed line across with words at its top.
  struct Line {
    double x = 0;
    std::string words;
  };
  std::string title = {}, subtitle = {}, x_title = {}, y_title = {};
  std::vector<Part> parts = {};
  std::vector<Bar> bars = {};  ///< in order, not overlapping
  std::vector<Line> lines = {};
};

struct LyingBars {
  struct Bar {
    std::string name;
    std::string remark;  ///< at the right of the name
    std::vector<double> values;
  };
  std::string title = {}, subtitle = {}, x_title = {};
  std::vector<Part> parts = {};
  std::vector<Bar> bars = {};
};

std::string draw(const UprightBars& chart);
std::string draw(const LyingBars& chart);

}  // namespace fastbox::report
