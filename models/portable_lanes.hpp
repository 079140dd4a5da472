// Eight neighbouring channels of a channels-last map in registers, for functions that a CPU and a GPU share
// (base/portable.hpp).
//
// Arithmetic is in float, or in double where the map is of doubles; bf16 is rounded as vectors.hpp rounds it. On a GPU
// addresses are multiples of 16 bytes, so that a thread moves 16 bytes at a time; on a CPU those of elements will do.
#pragma once

#include <cstring>

#include "base/portable.hpp"
#include "models/maps.hpp"

namespace fastbox::models {

template <typename Element>
struct ArithmeticOf {
  using Number = Element;
};
template <>
struct ArithmeticOf<Bf16> {
  using Number = float;
};

/// What a map's elements are computed in.
template <typename Element>
using NumberOf = typename ArithmeticOf<Element>::Number;

template <typename Number>
struct Lanes {
  Number of[lanes];
};

/// As memory holds them.
template <typename Element>
struct alignas(16) LaneBlock {
  Element of[lanes];
};

FASTBOX_PORTABLE float number_of(float element) {
  return element;
}

FASTBOX_PORTABLE double number_of(double element) {
  return element;
}

FASTBOX_PORTABLE float number_of(Bf16 element) {
  const std::uint32_t word = static_cast<std::uint32_t>(element.bits) << 16;
  float number;
  memcpy(&number, &word, sizeof number);
  return number;
}

FASTBOX_PORTABLE void round_to(float number, float& element) {
  element = number;
}

FASTBOX_PORTABLE void round_to(double number, double& element) {
  element = number;
}

/// To the nearest, to the even one of two; a NaN stays one.
FASTBOX_PORTABLE void round_to(float number, Bf16& element) {
  std::uint32_t word;
  memcpy(&word, &number, sizeof word);
  const std::uint32_t rounded = (word + 0x7fffu + ((word >> 16) & 1u)) >> 16;
  element.bits = number == number ? static_cast<std::uint16_t>(rounded) : std::uint16_t{0x7fc0};
}

template <typename Element>
FASTBOX_PORTABLE Lanes<NumberOf<Element>> load_lanes(const Element* from) {
#if defined(__CUDA_ARCH__)
  const LaneBlock<Element> block = *reinterpret_cast<const LaneBlock<Element>*>(from);
  const Element* const elements = block.of;
#else
  const Element* const elements = from;
#endif
  Lanes<NumberOf<Element>> numbers;
  for (int lane = 0; lane < lanes; ++lane) numbers.of[lane] = number_of(elements[lane]);
  return numbers;
}

template <typename Element>
FASTBOX_PORTABLE void store_lanes(const Lanes<NumberOf<Element>>& numbers, Element* to) {
#if defined(__CUDA_ARCH__)
  LaneBlock<Element> block;
  for (int lane = 0; lane < lanes; ++lane) round_to(numbers.of[lane], block.of[lane]);
  *reinterpret_cast<LaneBlock<Element>*>(to) = block;
#else
  for (int lane = 0; lane < lanes; ++lane) round_to(numbers.of[lane], to[lane]);
#endif
}

/// The sum of `count` numbers, a power of two: the upper half is added to the lower one, and so on. Uses their memory.
template <int count, typename Number>
FASTBOX_PORTABLE Number fold(Number* numbers) {
  if constexpr (count > 1) {
    for (int i = 0; i < count / 2; ++i) numbers[i] += numbers[count / 2 + i];
    fold<count / 2>(numbers);
  }
  return numbers[0];
}

}  // namespace fastbox::models
