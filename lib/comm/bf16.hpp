// bfloat16 on the wire: the upper half of a float32, rounded to nearest even once, what was lost carried over.
//
// Error feedback (Seide et al. 2014; Karimireddy et al. 2019): the sender adds what its last rounding lost before it rounds
// again, so that no part of a gradient is lost for good, only late. NaN and infinity travel as themselves. Pure functions.
#pragma once

#include <bit>
#include <cstdint>

namespace fastbox::comm {

inline std::uint16_t to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>(bits >> 16 | 0x40u);  // a quiet NaN
  return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

inline float from_bf16(std::uint16_t half) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16);
}

/// wire[i] = value[i] + residual[i] in bf16; residual[i] = what that lost (0 where it is not finite).
inline void pack_bf16(const float* values, float* residual, std::uint16_t* wire, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float wanted = values[i] + residual[i];
    wire[i] = to_bf16(wanted);
    const float lost = wanted - from_bf16(wire[i]);
    residual[i] = lost - lost == 0 ? lost : 0;
  }
}

inline void unpack_bf16(const std::uint16_t* wire, float* values, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) values[i] = from_bf16(wire[i]);
}

}  // namespace fastbox::comm
