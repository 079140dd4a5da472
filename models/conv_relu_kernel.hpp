// What is done, element by element, to the output of a convolution that a bias and a ReLU follow, and to its gradient;
// and which pixels are added up in which order. For CPUs and GPUs.
//
// Maps are channels-last: pixels x channels. A gradient's sum over the pixels is taken in three levels, each in a
// fixed order: a lane's pixels within a stretch, the stretch's lanes, the stretches. The order depends on the maps'
// size and type alone, so the sums have the same bits on a CPU and on any GPU. No state; memory is the caller's.
#pragma once

#include <cstdint>

#include "base/portable.hpp"

namespace fastbox::models {

constexpr std::int64_t threads_of_maps = 256;  ///< of a GPU's block
constexpr std::int64_t most_stretches = 640;   ///< blocks that 128 processors hold at once, 5 on each
constexpr std::int64_t groups_of_stretches = 32;

/// Channels of one load of 16 bytes, 1 where they do not divide the channels.
template <typename Element>
FASTBOX_PORTABLE std::int64_t vector_width(std::int64_t channels) {
  constexpr std::int64_t width = 16 / static_cast<std::int64_t>(sizeof(Element));
  return channels % width == 0 ? width : 1;
}

/// How maps are shared out: a stretch of pixels and a tile of channels to a block of threads, and within it every
/// `lanes`-th pixel and one vector of channels to a thread.
struct MapShares {
  std::int64_t pixels = 0, channels = 0;
  std::int64_t vectors = 0;    ///< of a tile
  std::int64_t tiles = 0;      ///< the last may be smaller
  std::int64_t lanes = 0;      ///< of a stretch
  std::int64_t stretch = 0;    ///< pixels; of the last fewer
  std::int64_t stretches = 0;  ///< at most most_stretches
};

/// Pixels and channels: at least one. `width`: vector_width().
FASTBOX_PORTABLE MapShares share_out(std::int64_t pixels, std::int64_t channels, std::int64_t width) {
  constexpr std::int64_t fewest_pixels = 8;  // of a thread, so that sums of stretches stay few
  const std::int64_t vectors = channels / width;
  MapShares shares;
  shares.pixels = pixels;
  shares.channels = channels;
  shares.vectors = vectors < threads_of_maps ? vectors : threads_of_maps;
  shares.tiles = (vectors + shares.vectors - 1) / shares.vectors;
  shares.lanes = threads_of_maps / shares.vectors;
  const std::int64_t even = (pixels + most_stretches - 1) / most_stretches, least = fewest_pixels * shares.lanes;
  shares.stretch = even > least ? even : least;
  shares.stretches = (pixels + shares.stretch - 1) / shares.stretch;
  return shares;
}

/// The pixel after the stretch's last.
FASTBOX_PORTABLE std::int64_t end_of_stretch(const MapShares& shares, std::int64_t stretch) {
  const std::int64_t end = (stretch + 1) * shares.stretch;
  return end < shares.pixels ? end : shares.pixels;
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
