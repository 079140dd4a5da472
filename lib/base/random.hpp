// Random numbers that are a function of what they are for, never of who asks or when.
//
// A stream is named by (seed, purpose, a, b), e.g. (run.seed, augmentation, epoch, sample): any rank, thread or
// resumed process that asks for the same stream gets the same numbers. The generator is SplitMix64 over a hashed
// key; its results are defined here to the bit and do not depend on the standard library.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace fastbox {

/// What a stream of random numbers is for. Values are part of the checkpoint's promise: never renumber.
enum class Purpose : std::uint64_t {
  shuffle = 1,
  augmentation = 2,
  dropout = 3,
  scene = 5,
  bootstrap = 6,
  replacement = 7,
  drive_split = 8,
  paste = 9,
  corruption = 10
};

class Random {
 public:
  explicit Random(std::uint64_t seed, Purpose purpose, std::uint64_t a = 0, std::uint64_t b = 0)
      : state_(mix(mix(mix(mix(seed) ^ static_cast<std::uint64_t>(purpose)) ^ a) ^ (b * 0x9e3779b97f4a7c15u))) {}

  /// 64 random bits.
  std::uint64_t bits() { return mix(state_ += 0x9e3779b97f4a7c15u); }

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
  /// The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
  static std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
};

}  // namespace fastbox
