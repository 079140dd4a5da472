// Figures of repeated timings, and how they look in JSON.
//
// Plain values; thread-safe.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

namespace fastbox::apps {

/// Requires at least one value. Of an even number the mean of the middle two.
inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/// {"min", "median", "max"}, in the unit of the values.
inline nlohmann::ordered_json spread(const std::vector<double>& values) {
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  return {{"min", *least}, {"median", median(values)}, {"max", *most}};
}

}  // namespace fastbox::apps
