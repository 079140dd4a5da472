// Sums whose order of additions is fixed, the same on a CPU and on a GPU.
//
// Terms are added in blocks. Within one, lane i of sum_lanes adds terms i, i + sum_lanes, ... in turn; then the upper
// half of the lanes is added to the lower one until one lane is left. The blocks' sums are added as if they were one
// block's terms. On a GPU the lanes are threads (block_sum.cuh), so that both have the same bits where the terms have.
// Pure functions; thread-safe. C++17.
#pragma once

#include <algorithm>
#include <cstdint>

namespace fastbox::models {

constexpr int sum_lanes = 128;

/// Of `lanes`, which it changes.
inline double fold(double (&lanes)[sum_lanes]) {
  for (int half = sum_lanes / 2; half > 0; half /= 2)
    for (int lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
  return lanes[0];
}

/// term(0) + ... + term(count - 1), as one block.
template <typename Term>
double block_sum(std::int64_t count, const Term& term) {
  double lanes[sum_lanes] = {};
  for (std::int64_t first = 0; first < count; first += sum_lanes) {
    const std::int64_t last = std::min<std::int64_t>(sum_lanes, count - first);
    for (std::int64_t lane = 0; lane < last; ++lane) lanes[lane] += term(first + lane);
  }
  return fold(lanes);
}

}  // namespace fastbox::models
