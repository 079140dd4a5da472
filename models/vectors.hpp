// Vectors of eight floats, from and to memory of floats or bf16, for the kernels of this room.
//
// GCC's vector extensions: the compiler makes of them what the processor has, the same bits on each. For .cpp files whose
// functions are marked by FASTBOX_VECTOR_CLONES; always inlined, so that a clone's code is its own.
#pragma once

#include <cstring>

#include "models/maps.hpp"

// Vectors are passed between functions that are always inlined: no calling convention is involved.
#pragma GCC diagnostic ignored "-Wpsabi"

#define FASTBOX_INLINE [[gnu::always_inline]] inline

namespace fastbox::models {

using Floats = float __attribute__((vector_size(32)));
using Words = std::uint32_t __attribute__((vector_size(32)));
using Halves = std::uint16_t __attribute__((vector_size(16)));
using Bytes = std::uint8_t __attribute__((vector_size(8)));
static_assert(sizeof(Floats) == lanes * sizeof(float));

FASTBOX_INLINE void load(const float* from, Floats& value) {
  std::memcpy(&value, from, sizeof value);
}

FASTBOX_INLINE void load(const Bf16* from, Floats& value) {
  Halves upper;
  std::memcpy(&upper, from, sizeof upper);
  const Words words = __builtin_convertvector(upper, Words) << 16;
  std::memcpy(&value, &words, sizeof value);
}

FASTBOX_INLINE void store(const Floats& value, float* to) {
  std::memcpy(to, &value, sizeof value);
}

/// Rounds to the nearest, to the even one of two; a NaN stays one.
FASTBOX_INLINE void store(const Floats& value, Bf16* to) {
  Words words;
  std::memcpy(&words, &value, sizeof words);
  const Words rounded = (words + 0x7fff + ((words >> 16) & 1)) >> 16;
  const Words quiet = Words{} + 0x7fc0;
  const Halves upper = __builtin_convertvector(value == value ? rounded : quiet, Halves);
  std::memcpy(to, &upper, sizeof upper);
}

}  // namespace fastbox::models
