// Lines or dots over one axis: losses, rates, precision.
//
// Pure functions; thread-safe. Equal charts give equal bytes.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "report/axis.hpp"
#include "report/figure.hpp"

namespace fastbox::report {

struct Point {
  double x = 0, y = 0;
};

struct Series {
  std::string name;
  std::string kind;           ///< classes of its colour and dashes: "k0 d1"
  std::vector<Point> points;  ///< x rising; where y is not finite the line is broken
  Mark mark = Mark::line;     ///< line or dot
};

struct LineChart {
  std::string title = {}, subtitle = {}, x_title = {}, y_title = {};
  std::vector<Series> series = {};
  std::vector<LegendEntry> legend = {};  ///< empty: the series' names, where there are several
  Scale scale = Scale::linear;           ///< of y; points of y <= 0 are left out of a logarithmic one
  bool from_zero = true;                 ///< a linear y axis begins at 0, or below where a value does
  bool dots = true;                      ///< on lines of few points
  // Each with a NaN of its own: a default of x_low would take the value that a designated initialiser gives x_low.
  double x_low = std::numeric_limits<double>::quiet_NaN();  ///< NaN: the points'
  double x_high = std::numeric_limits<double>::quiet_NaN();
  double y_high = std::numeric_limits<double>::quiet_NaN();
};

/// The <figure>; where no point is finite, with a sentence.
std::string draw(const LineChart& chart);

/// Path data through the points: "M0 10L5 20", a new M after each break. Coordinates as they are.
std::string path_data(const std::vector<Point>& pixels);

}  // namespace fastbox::report
