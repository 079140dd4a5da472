// Number n of a stream of random numbers, computable alone: what Random (random.hpp) draws one after the other.
//
// SplitMix64 (Steele, Lea, Flood 2014) over a hashed key, for CPUs and GPUs; the results are defined here to the bit,
// and checkpoints rely on them. No state.
#pragma once

#include <cstdint>

#include "base/portable.hpp"

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

/// What a stream's state moves by from one number to the next: 2^64 over the golden ratio, made odd.
constexpr std::uint64_t stream_step = 0x9e3779b97f4a7c15u;

/// SplitMix64's last part, from a state to its number.
FASTBOX_PORTABLE std::uint64_t split_mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/// The state before the first number.
FASTBOX_PORTABLE std::uint64_t stream_state(std::uint64_t seed, Purpose purpose, std::uint64_t a = 0,
                                            std::uint64_t b = 0) {
  return split_mix(split_mix(split_mix(split_mix(seed) ^ static_cast<std::uint64_t>(purpose)) ^ a) ^ (b * stream_step));
}

/// Number n, from 0: 64 random bits.
FASTBOX_PORTABLE std::uint64_t bits_at(std::uint64_t state, std::uint64_t n) {
  return split_mix(state + (n + 1) * stream_step);
}

}  // namespace fastbox
