// How a figure is shown that may be unknown: "-" for people, null for programs.
//
// Thread-safe: no state.
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "base/text.hpp"

namespace fastbox::eval {

/// Two decimals; "-" for a NaN or what is not known.
inline std::string figure_text(double value, bool known = true) {
  return known && !std::isnan(value) ? fixed(value, 2) : "-";
}

/// Every digit; null for a NaN or what is not known.
inline nlohmann::ordered_json figure_json(double value, bool known = true) {
  return known && !std::isnan(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
}

}  // namespace fastbox::eval
