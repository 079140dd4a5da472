#include "io/histogram.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

namespace fastbox::io {
namespace {

constexpr int low_bits = 48;  // of a double that are left out of its cell's number: sign, exponent and 4 bits stay
constexpr std::size_t cells = std::size_t{1} << (64 - low_bits);

std::vector<double> make_limits() {
  std::vector<double> above;
  for (double limit = 1e-12; limit < 1e20; limit *= 1.1) above.push_back(limit);
  above.push_back(std::numeric_limits<double>::max());
  std::vector<double> limits;
  for (auto limit = above.rbegin(); limit != above.rend(); ++limit) limits.push_back(-*limit);
  limits.push_back(0);
  limits.insert(limits.end(), above.begin(), above.end());
  return limits;
}

/// By a double's first bits: the bucket of the smallest number that begins so. Bits that are no number get the last one.
std::array<std::uint16_t, cells> make_first_buckets() {
  const auto& limits = histogram_limits();
  std::array<std::uint16_t, cells> buckets{};
  for (std::size_t cell = 0; cell < cells; ++cell) {
    // A negative number is the smaller the larger its bits are.
    const bool negative = cell >= cells / 2;
    const auto bits = static_cast<std::uint64_t>(cell) << low_bits;
    const auto smallest = std::bit_cast<double>(negative ? bits | ((std::uint64_t{1} << low_bits) - 1) : bits);
    const auto above = std::upper_bound(limits.begin(), limits.end() - 1, smallest);
    buckets[cell] = static_cast<std::uint16_t>(above - limits.begin());
  }
  return buckets;
}

void join_empty_buckets(const std::vector<std::int64_t>& counts, Histogram& histogram) {
  const auto& limits = histogram_limits();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const bool goes_on = counts[i] == 0 && i + 1 < counts.size() && counts[i + 1] == 0;
    if (goes_on) continue;
    histogram.limits.push_back(limits[i]);
    histogram.counts.push_back(static_cast<double>(counts[i]));
  }
}

template <typename T>
Histogram count(std::span<const T> values) {
  static const auto first_buckets = make_first_buckets();
  const auto& limits = histogram_limits();
  std::vector<std::int64_t> counts(limits.size());
  Histogram histogram;
  histogram.min = std::numeric_limits<double>::max();
  histogram.max = -histogram.min;
  for (const T one : values) {
    const double value = one;
    histogram.min = std::min(histogram.min, value);
    histogram.max = std::max(histogram.max, value);
    histogram.sum += value;
    histogram.sum_squares += value * value;
    // A cell is narrower than a bucket, so this goes on by one at most.
    std::size_t bucket = first_buckets[std::bit_cast<std::uint64_t>(value) >> low_bits];
    while (value >= limits[bucket] && bucket + 1 < limits.size()) ++bucket;
    ++counts[bucket];
  }
  histogram.count = std::ssize(values);
  join_empty_buckets(counts, histogram);
  return histogram;
}

}  // namespace

const std::vector<double>& histogram_limits() {
  static const std::vector<double> limits = make_limits();
  return limits;
}

Histogram histogram_of(std::span<const float> values) {
  return count(values);
}

Histogram histogram_of(std::span<const double> values) {
  return count(values);
}

}  // namespace fastbox::io
