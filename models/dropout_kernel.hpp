// The elements of a dropout mask, each a function of (the sample's seed, which mask, where it lies), for CPUs and GPUs.
//
// No state; memory is the caller's.
#pragma once

#include <cstdint>

#include "base/portable.hpp"
#include "base/random_stream.hpp"

namespace fastbox::models {

/// Elements that one random number of 64 bits decides on, 16 bits each.
constexpr std::int64_t elements_of_number = 4;

/// One image's mask. `kept`: what is not dropped.
template <typename Element>
struct DropoutMask {
  std::int64_t elements = 0;
  std::uint32_t dropped_below = 0;  ///< of 65536
  Element kept{};

  FASTBOX_PORTABLE std::int64_t numbers() const { return (elements + elements_of_number - 1) / elements_of_number; }
};

/// The state of the stream that mask `which` of an image is drawn from.
FASTBOX_PORTABLE std::uint64_t dropout_state(std::int64_t seed, std::uint64_t which) {
  return stream_state(static_cast<std::uint64_t>(seed), Purpose::dropout, which);
}

/// The elements that number `n` of the stream decides on. `one`: the image's mask.
template <typename Element>
FASTBOX_PORTABLE void draw_elements(std::uint64_t state, const DropoutMask<Element>& mask, std::int64_t n,
                                    Element* one) {
  std::uint64_t bits = bits_at(state, static_cast<std::uint64_t>(n));
  const std::int64_t begin = n * elements_of_number, end = begin + elements_of_number;
  for (std::int64_t i = begin; i < end && i < mask.elements; ++i, bits >>= 16)
    one[i] = (bits & 0xffff) < mask.dropped_below ? static_cast<Element>(0.0f) : mask.kept;
}

}  // namespace fastbox::models
