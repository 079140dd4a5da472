// ordered_sum.hpp's squared norms of blocks, on a GPU: the same bits.
//
// Part of the CUDA plugin, never of the core. C++17.
#pragma once

#include <cstdint>

namespace fastbox::comm {

constexpr int lanes_of_squares = 8, threads_of_squares = 256;

/// Of threads_of_squares threads, for so many blocks of values.
inline unsigned groups_of_squares(std::int64_t blocks) {
  constexpr std::int64_t of_group = threads_of_squares / lanes_of_squares;
  return static_cast<unsigned>((blocks + of_group - 1) / of_group);
}

/// The order of additions of lib/comm/ordered_sum.cpp: eight interleaved sums, a thread each, then those in order.
/// Rounded after every operation, as there.
template <typename Number>
__global__ void block_squares_kernel(const Number* values, std::int64_t count, std::int64_t block, double* squares) {
  const std::int64_t thread = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  const std::int64_t index = thread / lanes_of_squares, begin = index * block;
  const int lane = static_cast<int>(thread % lanes_of_squares);
  double sum = 0;
  const std::int64_t end = min(count, begin + block);  // below begin for the threads past the last block
  for (std::int64_t i = begin + lane; i < end; i += lanes_of_squares) {
    const double value = static_cast<double>(values[i]);
    sum = __dadd_rn(sum, __dmul_rn(value, value));
  }
  double total = 0;
  for (int from = 0; from < lanes_of_squares; ++from)
    total = __dadd_rn(total, __shfl_sync(0xffffffffu, sum, from, lanes_of_squares));
  if (lane == 0 && begin < count) squares[index] = total;
}

}  // namespace fastbox::comm
