// What the emulated grid finds: the kernels' tests are worth as much.
#include "emulated_gpu/grid.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <set>
#include <stdexcept>
#include <vector>

#include "emulated_gpu/base/launch.cuh"

using namespace fastbox;

namespace {

constexpr int threads = 64;

/// Each thread gives what its neighbour brought. Without a barrier it depends on who came first.
void give_on(bool waits, int* to) {
  static int brought[threads];  // as __shared__ is
  brought[threadIdx.x] = static_cast<int>(threadIdx.x + 1000 * blockIdx.x);
  if (waits) __syncthreads();
  to[blockIdx.x * threads + threadIdx.x] = brought[(threadIdx.x + 1) % threads];
  if (waits) __syncthreads();
}

void place_kernel(unsigned* to) {
  const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  const unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
  ++to[block * blockDim.x * blockDim.y * blockDim.z + thread];
}

void warp_kernel(float* sums, unsigned* reduced, int* counted) {
  auto value = static_cast<float>(threadIdx.x);
  for (int half = warpSize / 2; half > 0; half /= 2) value += __shfl_down_sync(0xffffffffu, value, half);
  const unsigned all = __reduce_add_sync(0xffffffffu, threadIdx.x);
  const int odd = __syncthreads_count(threadIdx.x % 2 == 1 && threadIdx.x < 32);
  if (threadIdx.x % warpSize == 0) sums[threadIdx.x / warpSize] = value, reduced[threadIdx.x / warpSize] = all;
  counted[threadIdx.x] = odd;
}

void half_waits_kernel() {
  if (threadIdx.x < threads / 2)
    __syncthreads();
  else
    __syncthreads_count(1);
}

void half_of_a_warp_ends_kernel() {
  if (threadIdx.x % 2 == 0) __reduce_add_sync(0xffffffffu, 1);
}

void some_end_kernel(int* waited) {
  if (threadIdx.x >= 5) return;  // as a GPU allows
  __syncthreads();
  ++waited[threadIdx.x];
}

void shared_kernel(int* found) {
  int* const memory = dynamic_shared<int>();
  if (threadIdx.x == 0) found[blockIdx.x] = memory[7];
  __syncthreads();
  memory[threadIdx.x % 8] = 5;
}

}  // namespace

TEST_CASE("every thread of every block runs once, with its own place", "[grid]") {
  std::vector<unsigned> to(2 * 3 * 4 * 5 * 6 * 7);
  for (unsigned turn = 1; turn <= 3; ++turn) {  // each with another order
    launch(place_kernel, {dim3(2, 3, 4), dim3(5, 6, 7)}, to.data());
    for (const unsigned count : to) REQUIRE(count == turn);
  }
}

TEST_CASE("a barrier that is missing is seen in one of three launches, and one that is there in none", "[grid]") {
  std::set<std::vector<int>> with, without;
  for (int turn = 0; turn < 3; ++turn) {
    std::vector<int> to(3 * threads);
    launch(give_on, {3, threads}, true, to.data());
    with.insert(to);
    for (int i = 0; i < 3 * threads; ++i)
      REQUIRE(to[static_cast<std::size_t>(i)] == i / threads * 1000 + (i + 1) % threads);
    launch(give_on, {3, threads}, false, to.data());
    without.insert(to);
  }
  CHECK(with.size() == 1);
  CHECK(without.size() > 1);
}

TEST_CASE("warps add up, and blocks count", "[grid]") {
  for (int turn = 0; turn < 3; ++turn) {
    std::array<float, 2> sums{};
    std::array<unsigned, 2> reduced{};
    std::array<int, threads> counted{};
    launch(warp_kernel, {1, threads}, sums.data(), reduced.data(), counted.data());
    CHECK(sums == std::array<float, 2>{496, 1520});
    CHECK(reduced == std::array<unsigned, 2>{496, 1520});
    for (const int count : counted) CHECK(count == 16);
  }
}

TEST_CASE("threads that would wait for ever are an error, and the next launch goes", "[grid]") {
  std::array<int, threads> waited{};
  for (int turn = 0; turn < 3; ++turn) {
    CHECK_THROWS_AS(launch(half_waits_kernel, {1, threads}), std::logic_error);
    CHECK_THROWS_AS(launch(half_of_a_warp_ends_kernel, {1, threads}), std::logic_error);
    launch(some_end_kernel, {1, threads}, waited.data());
  }
  for (int i = 0; i < threads; ++i) CHECK(waited[static_cast<std::size_t>(i)] == (i < 5 ? 3 : 0));
}

TEST_CASE("what CUDA refuses to launch is refused", "[grid]") {
  for (const LaunchShape& shape :
       {LaunchShape{0, 32}, LaunchShape{1, 0}, LaunchShape{1, 1025}, LaunchShape{dim3(1, 65536), 32},
        LaunchShape{dim3(1, 1, 65536), 32}, LaunchShape{1, 32, 49153}})
    CHECK_THROWS_AS(launch(half_waits_kernel, shape), std::logic_error);
}

TEST_CASE("a block begins with shared memory that nobody has written", "[grid]") {
  std::array<int, 3> found{};
  launch(shared_kernel, {3, 8, 32}, found.data());
  CHECK(found == std::array<int, 3>{-1, -1, -1});
}
