// What is done, element by element, to the output of a convolution that a bias and a ReLU follow, and to its gradient;
// and which pixels are added up in which order. For CPUs and GPUs.
//
// Maps are channels-last: pixels x channels. A gradient's sum over the pixels is taken in three levels, each in a
// fixed order: a lane's pixels within a stretch, the stretch's lanes, the stretches. The order depends on the maps'
// size and type alone, so the sums have the same bits on a CPU and on any GPU. No state; memory is the caller's.
#pragma once

#include <cstdint>

#include "base/portable.hpp"
#include "models/map_shares.hpp"

namespace fastbox::models {

constexpr std::int64_t groups_of_stretches = 32;

/// Channels of one load of 16 bytes, 1 where they do not divide the channels.
template <typename Element>
FASTBOX_PORTABLE std::int64_t vector_width(std::int64_t channels) {
  constexpr std::int64_t width = 16 / static_cast<std::int64_t>(sizeof(Element));
  return channels % width == 0 ? width : 1;
}

/// max(y + bias, 0); a NaN stays one. The sum is rounded to the map's type first, as LibTorch's operators do.
template <typename Element>
FASTBOX_PORTABLE Element biased_relu(Element y, Element bias) {
  const auto sum = static_cast<Element>(static_cast<float>(y) + static_cast<float>(bias));
  return static_cast<float>(sum) < 0 ? static_cast<Element>(0.0f) : sum;
}

/// The gradient where the ReLU let its input through. `y`: what the ReLU gave.
template <typename Element>
FASTBOX_PORTABLE Element masked_by_relu(Element gradient, Element y) {
  return static_cast<float>(y) <= 0 ? static_cast<Element>(0.0f) : gradient;
}

/// Of the stretches that are `group`, counted modulo groups_of_stretches, the sums of a channel, added up. `sums`:
/// stretches x channels.
FASTBOX_PORTABLE float sum_of_group(const float* sums, const MapShares& shares, std::int64_t channel,
                                    std::int64_t group) {
  float sum = 0;
  for (std::int64_t stretch = group; stretch < shares.stretches; stretch += groups_of_stretches)
    sum += sums[stretch * shares.channels + channel];
  return sum;
}

}  // namespace fastbox::models
