#include "io/histogram.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <map>

#include "base/random.hpp"

using namespace fastbox;
using namespace fastbox::io;

namespace {

/// Count by upper limit, empty buckets left out.
using Counts = std::map<double, double>;

Counts counts_of(const Histogram& histogram) {
  Counts counts;
  REQUIRE(histogram.limits.size() == histogram.counts.size());
  CHECK(std::is_sorted(histogram.limits.begin(), histogram.limits.end()));
  for (std::size_t i = 0; i < histogram.limits.size(); ++i)
    if (histogram.counts[i] > 0) counts[histogram.limits[i]] = histogram.counts[i];
  return counts;
}

/// As TensorFlow does it: the first limit above the value.
template <typename T>
Counts plain_counts(const std::vector<T>& values) {
  const auto& limits = histogram_limits();
  Counts counts;
  for (const T value : values) ++counts[*std::upper_bound(limits.begin(), limits.end(), static_cast<double>(value))];
  return counts;
}

}  // namespace

TEST_CASE("the limits are TensorFlow's", "[histogram]") {
  const auto& limits = histogram_limits();
  CHECK(std::is_sorted(limits.begin(), limits.end()));
  CHECK(limits.size() == 2 * 775 + 1);  // 774 powers of 1.1 from 1e-12 to 1e20, and the largest double
  CHECK(limits[775] == 0);
  CHECK(limits[776] == 1e-12);
  CHECK(limits[777] == 1e-12 * 1.1);
  CHECK(limits.front() == -std::numeric_limits<double>::max());
  CHECK(limits.back() == std::numeric_limits<double>::max());
  for (std::size_t i = 0; i < limits.size(); ++i) CHECK(limits[i] == -limits[limits.size() - 1 - i]);
}

TEST_CASE("every value is in the bucket of the first limit above it", "[histogram]") {
  Random random(7, Purpose::scene, 1);
  std::vector<double> wide;
  std::vector<float> narrow;
  for (int i = 0; i < 20000; ++i) {
    const double value = std::pow(10, random.uniform(-14, 22)) * (random.chance(0.5) ? 1 : -1);
    wide.push_back(value);
    narrow.push_back(static_cast<float>(value));
  }
  for (const double limit : histogram_limits()) {
    if (std::abs(limit) > 1e21) continue;
    for (const double value : {limit, std::nextafter(limit, -1e300), std::nextafter(limit, 1e300)}) {
      wide.push_back(value);
      narrow.push_back(static_cast<float>(value));
    }
  }
  wide.insert(wide.end(), {0.0, -0.0, 5e-324, -5e-324, 1e300, -1e300});
  CHECK(counts_of(histogram_of(wide)) == plain_counts(wide));
  CHECK(counts_of(histogram_of(narrow)) == plain_counts(narrow));
}

TEST_CASE("a histogram's sums and ends, and empty buckets joined", "[histogram]") {
  const std::vector<float> values = {0.5f, -2, 0.5f, 3, 0};
  const Histogram histogram = histogram_of(values);
  CHECK(histogram.min == -2);
  CHECK(histogram.max == 3);
  CHECK(histogram.count == 5);
  CHECK(histogram.sum == 2);
  CHECK(histogram.sum_squares == 13.5);
  // Empty, -2, empty, 0, empty, 0.5, empty, 3, empty.
  REQUIRE(histogram.counts == std::vector<double>{0, 1, 0, 1, 0, 2, 0, 1, 0});
  for (std::size_t i = 1; i < 8; i += 2) {
    const double value = std::vector<double>{-2, 0, 0.5, 3}[i / 2];
    CHECK(histogram.limits[i - 1] <= value);
    CHECK(value < histogram.limits[i]);
  }
}
