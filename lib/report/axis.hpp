// One axis of a chart: where a value lies, and which values are marked.
//
// Values; thread-safe.
#pragma once

#include <string>
#include <vector>

namespace fastbox::report {

enum class Scale { linear, logarithmic };

/// Multiples of 1, 2 or 5 times a power of ten within low .. high, at most `most` of them (at least 2). Requires finite
/// low < high and most >= 2.
std::vector<double> linear_ticks(double low, double high, int most);

/// Powers of ten within low .. high; with fewer than three of those, their doubles and fives too. Requires
/// 0 < low < high.
std::vector<double> logarithmic_ticks(double low, double high);

/// As short as it reads well: "0.25", "2000", "12k", "1.5M", "1.5e-4".
std::string tick_label(double value);

/// A pixel coordinate for text in SVG: two decimals at most, no zeros behind them.
std::string pixel(double value);

/// Whether values are better told apart by their ratio: all above 0, and the largest more than 8 times the smallest.
Scale apt_scale(const std::vector<double>& values);

class Axis {
 public:
  /// Widens an empty range. A logarithmic axis requires low > 0.
  Axis(Scale scale, double low, double high, double first_pixel, double last_pixel);

  /// In pixels. Not bounded: a value outside the range lies outside the axis.
  double at(double value) const;
  std::vector<double> ticks(int most) const;
  double low() const { return low_; }
  double high() const { return high_; }

 private:
  Scale scale_;
  double low_, high_, first_, last_;
};

}  // namespace fastbox::report
