// Where a thread of a block works on channels-last maps that are shared out as map_shares.hpp says, and the sum of
// what a block's lanes have.
//
// Part of the CUDA plugin, never of the core. C++17.
#pragma once

#include <cstdint>

#include "models/map_shares.hpp"

namespace fastbox::models {

/// A block: stretch blockIdx.x, tile blockIdx.y.
struct Place {
  std::int64_t lane, vector, channel;  ///< the vector of the tile; the first channel of the vector
  bool exists;

  __device__ Place(const MapShares& shares, int width)
      : lane(threadIdx.x / shares.vectors),
        vector(threadIdx.x % shares.vectors),
        channel((blockIdx.y * shares.vectors + vector) * width),
        exists(lane < shares.lanes && channel < shares.channels) {}
};

/// Adds up, in a fixed order, what the lanes have of each vector: the sums are lane 0's. `numbers`: shared memory of
/// lanes x vectors x count, the thread's own written; all threads of the block call it.
template <int count>
__device__ void add_lanes(const MapShares& shares, const Place& place, float* numbers) {
  float* const own = numbers + (place.lane * shares.vectors + place.vector) * count;
  __syncthreads();
  for (std::int64_t left = shares.lanes; left > 1;) {
    const std::int64_t half = (left + 1) / 2;
    if (place.exists && place.lane + half < left)
      for (int i = 0; i < count; ++i) own[i] += own[half * shares.vectors * count + i];
    __syncthreads();
    left = half;
  }
}

}  // namespace fastbox::models
