#include "report/axis.hpp"

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "eval/short_number.hpp"

namespace fastbox::report {
std::vector<double> linear_ticks(double low, double high, int most) {
  // Steps grow until so many fit.
  const double rough = (high - low) / most;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1., 2., 5., 10., 20., 50., 100.}) {
    const double step = factor * power;
    const double first = std::ceil(low / step - 1e-9), last = std::floor(high / step + 1e-9);
    if (last - first + 1 > most) continue;
    std::vector<double> ticks;
    for (double i = first; i <= last; ++i) ticks.push_back(i == 0 ? 0 : i * step);
    return ticks;
  }
  return {low, high};
}

std::vector<double> logarithmic_ticks(double low, double high) {
  const int first = static_cast<int>(std::floor(std::log10(low))), last = static_cast<int>(std::ceil(std::log10(high)));
  const auto within = [&](std::initializer_list<double> factors) {
    std::vector<double> ticks;
    for (int power = first; power <= last; ++power)
      for (const double factor : factors)
        if (const double tick = factor * std::pow(10, power); tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9))
          ticks.push_back(tick);
    return ticks;
  };
  auto ticks = within({1});
  if (ticks.size() < 3) ticks = within({1, 2, 5});
  // Of many decades every second, third, .. one is marked.
  const std::size_t stride = (ticks.size() + 7) / 8;
  for (std::size_t i = 0; stride > 1 && i * stride < ticks.size(); ++i) ticks[i] = ticks[i * stride];
  if (stride > 1) ticks.resize((ticks.size() + stride - 1) / stride);
  return ticks;
}

std::string tick_label(double value) {
  const double size = std::abs(value);
  if (size >= 1e9) return significant(value, 3);
  if (size > 0 && size < 1e-3) {
    int power = static_cast<int>(std::floor(std::log10(size)));
    if (eval::short_number(size / std::pow(10, power), 2) == "10") ++power;
    return concat(eval::short_number(value / std::pow(10, power), 2), 'e', power);
  }
  if (size >= 1e6) return eval::short_number(value / 1e6, 3) + "M";
  if (size >= 1e4) return eval::short_number(value / 1e3, 3) + "k";
  return eval::short_number(value, 6);
}

std::string pixel(double value) {
  return eval::short_number(value, 2);
}

Scale apt_scale(const std::vector<double>& values) {
  double smallest = INFINITY, largest = 0;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    if (value <= 0) return Scale::linear;
    smallest = std::min(smallest, value);
    largest = std::max(largest, value);
  }
  return largest > 8 * smallest ? Scale::logarithmic : Scale::linear;
}

Axis::Axis(Scale scale, double low, double high, double first_pixel, double last_pixel)
    : scale_(scale), low_(low), high_(high), first_(first_pixel), last_(last_pixel) {
  if (scale_ == Scale::logarithmic && high_ <= low_ * (1 + 1e-9)) {
    low_ /= 2;
    high_ *= 2;
  } else if (high_ - low_ <= 1e-12 * std::max(std::abs(low_), std::abs(high_))) {
    const double width = std::max(std::abs(low_), 1e-6) / 2;
    low_ -= width;
    high_ += width;
  }
}

double Axis::at(double value) const {
  const double share = scale_ == Scale::linear
                           ? (value - low_) / (high_ - low_)
                           : (std::log(value) - std::log(low_)) / (std::log(high_) - std::log(low_));
  return first_ + share * (last_ - first_);
}

std::vector<double> Axis::ticks(int most) const {
  return scale_ == Scale::linear ? linear_ticks(low_, high_, most) : logarithmic_ticks(low_, high_);
}

}  // namespace fastbox::report
