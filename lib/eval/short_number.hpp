// Numbers for people and for SVG: no more digits than they need.
//
// Thread-safe: no state.
#pragma once

#include <charconv>
#include <string>

namespace fastbox::eval {

/// With at most so many decimals and no zeros behind them: "12.5". Unlike printf's, its point is a point in every locale.
inline std::string short_number(double value, int decimals = 2) {
  char buffer[384];
  const auto written = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, decimals);
  std::string text(buffer, written.ptr);
  if (decimals > 0) text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text == "-0" ? "0" : text;
}

}  // namespace fastbox::eval
