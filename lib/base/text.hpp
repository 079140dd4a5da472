// Small text helpers. Not fmt: LibTorch ships fmt 12 headers, Debian's spdlog needs fmt 9, and a file that sees
// both does not compile. Thread-safe: no state.
#pragma once

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace fastbox {

/// The parts written one after another by operator<<.
template <typename... Parts>
std::string concat(const Parts&... parts) {
  std::ostringstream stream;
  (stream << ... << parts);
  return std::move(stream).str();
}

/// `value` with `decimals` digits after the point.
std::string fixed(double value, int decimals);

/// `value` with so many significant digits, as short as that allows ("0.00123", "4.2e-06", "12").
std::string significant(double value, int digits);

/// The shortest decimal text that reads back as the same double ("0.1", "1e-05", "nan").
std::string shortest(double value);

/// The parts between the separators; "a,,b" has three, "" has one (empty).
std::vector<std::string_view> split(std::string_view text, char separator);

/// The parts between runs of spaces and tabs; no part is empty.
std::vector<std::string_view> split_columns(std::string_view text);

/// Without leading and trailing white space.
std::string_view trim(std::string_view text);

std::string lower(std::string_view text);

std::string join(const std::vector<std::string>& parts, std::string_view separator);

/// The whole of `text` as a finite or non-finite double; false where any character is left over or none is read.
bool parse_double(std::string_view text, double& value);

/// The whole of `text` as a decimal integer; false where any character is left over, none is read, or it
/// overflows.
bool parse_integer(std::string_view text, long long& value);

/// For a message: at most 80 bytes of what a file says, every control character a '?'.
std::string shown(std::string_view text);

/// The candidate nearest to `word` by edit distance, or "" where none is near enough to be a typing error.
std::string nearest_word(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace fastbox
