// How the passes over channels-last maps, pixels x channels, share them out among the blocks and threads of a GPU, and a CPU's
// twin that adds in the same order. Follows from the maps' size alone. Pure functions; thread-safe. C++17.
#pragma once

#include <cstdint>

#include "base/portable.hpp"

namespace fastbox::models {

constexpr std::int64_t threads_of_maps = 256;  ///< of a GPU's block
constexpr std::int64_t most_stretches = 640;   ///< blocks that 128 processors hold at once, 5 on each

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

}  // namespace fastbox::models
