// CUDA C++'s words, as many as our kernels use, for a host compiler: included before anything else in a .cu file.
//
// What they do is grid.hpp's. A word that is missing here does not compile, and is to be added with its meaning.
#pragma once

#include <cstdint>

#define __global__
#define __device__
#define __host__
#define __shared__ static  // blocks run one after another
#define __launch_bounds__(threads)

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

/// Of the thread that runs.
extern dim3 gridDim, blockDim, blockIdx, threadIdx;
constexpr int warpSize = 32;

namespace fastbox::test {

/// What a thread can wait for. All that wait together must wait for the same.
enum class Rendezvous { none, syncthreads, syncthreads_count, shuffle, reduce };

/// Until all threads of the block that have not ended are here: the sum of what they bring.
std::int64_t meet_block(Rendezvous what, std::int64_t brings);

/// Until all 32 threads of the warp are here: what each brings, until the next call.
const std::uint64_t* meet_warp(Rendezvous what, std::uint64_t brings);

int lane_of_thread();

}  // namespace fastbox::test

inline void __syncthreads() {
  fastbox::test::meet_block(fastbox::test::Rendezvous::syncthreads, 0);
}

inline int __syncthreads_count(int predicate) {
  return static_cast<int>(
      fastbox::test::meet_block(fastbox::test::Rendezvous::syncthreads_count, predicate != 0 ? 1 : 0));
}

/// For 4- and 8-byte numbers and whole warps; the last lanes keep their own.
template <typename Number>
Number __shfl_down_sync(unsigned mask, Number value, int by) {
  static_assert(sizeof(Number) <= sizeof(std::uint64_t));
  std::uint64_t bits = 0;
  __builtin_memcpy(&bits, &value, sizeof value);
  if (mask != 0xffffffffu) __builtin_trap();
  const int from = fastbox::test::lane_of_thread() + by;
  const std::uint64_t* const all = fastbox::test::meet_warp(fastbox::test::Rendezvous::shuffle, bits);
  if (from < warpSize) __builtin_memcpy(&value, &all[from], sizeof value);
  return value;
}

/// Of lane `from` of its `width` lanes, a power of two.
template <typename Number>
Number __shfl_sync(unsigned mask, Number value, int from, int width = warpSize) {
  static_assert(sizeof(Number) <= sizeof(std::uint64_t));
  std::uint64_t bits = 0;
  __builtin_memcpy(&bits, &value, sizeof value);
  if (mask != 0xffffffffu) __builtin_trap();
  const int source = fastbox::test::lane_of_thread() / width * width + from % width;
  const std::uint64_t* const all = fastbox::test::meet_warp(fastbox::test::Rendezvous::shuffle, bits);
  __builtin_memcpy(&value, &all[source], sizeof value);
  return value;
}

/// Compiled without contractions.
inline double __dadd_rn(double a, double b) {
  return a + b;
}

inline double __dmul_rn(double a, double b) {
  return a * b;
}

inline unsigned __reduce_add_sync(unsigned mask, unsigned value) {
  if (mask != 0xffffffffu) __builtin_trap();
  const std::uint64_t* const all = fastbox::test::meet_warp(fastbox::test::Rendezvous::reduce, value);
  unsigned sum = 0;
  for (int lane = 0; lane < warpSize; ++lane) sum += static_cast<unsigned>(all[lane]);
  return sum;
}

/// Threads take turns only where they wait, so that plain arithmetic is atomic.
template <typename Number>
Number atomicAdd(Number* at, Number value) {
  const Number before = *at;
  *at = before + value;
  return before;
}

template <typename Number>
Number atomicOr(Number* at, Number value) {
  const Number before = *at;
  *at = before | value;
  return before;
}

template <typename Number>
Number min(Number a, Number b) {
  return b < a ? b : a;
}
