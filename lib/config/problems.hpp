// Collects what is wrong with a run file, so that a user sees all of it at once. One thread at a time.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace fastbox::config {

class Problems {
 public:
  /// `place` as a compiler writes it: "my.yaml:12:3" or "--set train.steps=x".
  template <typename... Parts>
  void add(const std::string& place, const Parts&... parts) {
    lines_.push_back(one_line(concat(place, ": ", parts...)));
  }
  bool empty() const { return lines_.empty(); }

  /// Throws one Error(usage) with a line for each problem, in the order of their discovery; returns where
  /// there is none.
  void throw_if_any() const {
    constexpr std::size_t most = 50;  // the rest would only scroll the first off the screen
    if (lines_.empty()) return;
    std::vector<std::string> shown(lines_.begin(), lines_.begin() + std::min(most, lines_.size()));
    if (lines_.size() > most) shown.push_back(concat("and ", lines_.size() - most, " more problems"));
    throw Error(ExitCode::usage, join(shown, "\n"));
  }

 private:
  /// Values may hold line ends, terminal codes or a whole file; a message may not.
  static std::string one_line(std::string text) {
    constexpr std::size_t longest = 500;
    if (text.size() > longest) text.replace(longest, std::string::npos, "...");
    std::ranges::replace_if(
        text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
    return text;
  }

  std::vector<std::string> lines_;
};

}  // namespace fastbox::config
