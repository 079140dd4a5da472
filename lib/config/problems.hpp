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
    if (++count_ <= most) lines_.push_back(one_line(concat(place, ": ", parts...)));
  }
  bool empty() const { return count_ == 0; }

  /// Throws one Error(usage) with a line for each problem, in the order of their discovery; returns where
  /// there is none.
  void throw_if_any() const {
    if (empty()) return;
    std::vector<std::string> told = lines_;
    if (count_ > most) told.push_back(concat("and ", count_ - most, " more problems"));
    throw Error(ExitCode::usage, join(told, "\n"));
  }

 private:
  static constexpr std::size_t most = 50;  // the rest would only scroll the first off the screen

  /// Values may hold line ends, terminal codes or a whole file; a message may not.
  static std::string one_line(std::string text) {
    constexpr std::size_t longest = 500;
    if (text.size() > longest) text.replace(longest, std::string::npos, "...");
    std::ranges::replace_if(
        text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
    return text;
  }

  std::vector<std::string> lines_;  // the first ones
  std::size_t count_ = 0;
};

}  // namespace fastbox::config
