// Random numbers that are a function of what they are for, never of who asks or when.
//
// A stream is named by (seed, purpose, a, b), e.g. (run.seed, augmentation, epoch, sample): any rank, thread or
// resumed process that asks for the same stream gets the same numbers. The generator is that of random_stream.hpp;
// results are defined to the bit and do not depend on the standard library.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

#include "base/random_stream.hpp"

namespace fastbox {

class Random {
 public:
  explicit Random(std::uint64_t seed, Purpose purpose, std::uint64_t a = 0, std::uint64_t b = 0)
      : state_(stream_state(seed, purpose, a, b)) {}

  /// 64 random bits.
  std::uint64_t bits() { return split_mix(state_ += stream_step); }

  /// In [0, 1), 53 bits.
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }

  /// In [low, high).
  double uniform(double low, double high) { return low + (high - low) * uniform(); }

  /// In 0 .. n-1, without bias (rejection). Requires n > 0.
  std::uint64_t below(std::uint64_t n) {
    const std::uint64_t limit = UINT64_MAX - UINT64_MAX % n;
    std::uint64_t value = bits();
    while (value >= limit) value = bits();
    return value % n;
  }

  bool chance(double probability) { return uniform() < probability; }

  /// Standard normal (Box and Muller).
  double normal() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
  }

 private:
  std::uint64_t state_;
};

}  // namespace fastbox
