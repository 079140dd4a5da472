// What the threads of a warp do together.
//
// Part of the CUDA plugin, never of the core. C++17. All threads of the warp call them.
#pragma once

namespace fastbox {

constexpr int warp_threads = 32;

/// The sum of the warp's numbers in its first thread: the upper half is added to the lower one, and so on.
template <typename Number>
__device__ Number fold_of_warp(Number number) {
  for (int half = warp_threads / 2; half > 0; half /= 2) number += __shfl_down_sync(0xffffffffu, number, half);
  return number;
}

}  // namespace fastbox
