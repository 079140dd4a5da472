// How often numbers lie between the limits of TensorBoard's histograms: 0, and either way 1e-12 times every power of 1.1 up
// to 1e20 (tensorflow/core/lib/histogram/histogram.cc, InitDefaultBucketsInner).
//
// Pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace fastbox::io {

/// Values of bucket i are at least limits[i - 1] and below limits[i]; neighbouring empty buckets are one.
struct Histogram {
  double min = 0, max = 0;
  std::int64_t count = 0;
  double sum = 0, sum_squares = 0;
  std::vector<double> limits, counts;  ///< of equal length; limits ascend
};

/// Of at least one value, all finite.
Histogram histogram_of(std::span<const float> values);
Histogram histogram_of(std::span<const double> values);

/// The upper limits of all buckets, ascending, from minus to plus the largest double.
const std::vector<double>& histogram_limits();

}  // namespace fastbox::io
