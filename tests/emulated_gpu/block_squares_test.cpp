// Squared norms of blocks on an emulated GPU: the CPU's bits. On a real one tests/gpu's exchanges compare them.
#include "comm/block_squares.cuh"

#include <catch2/catch.hpp>

#include <random>
#include <vector>

#include "comm/ordered_sum.hpp"
#include "emulated_gpu/base/launch.cuh"

using namespace fastbox;

namespace {

template <typename Number>
void compare(std::int64_t count) {
  CAPTURE(count);
  std::mt19937 generator(static_cast<unsigned>(count));
  std::normal_distribution<Number> normal;
  std::vector<Number> values(static_cast<std::size_t>(count));
  for (Number& value : values) value = normal(generator);
  const std::int64_t blocks = comm::blocks_of(count);
  std::vector<double> ours(static_cast<std::size_t>(blocks), -1), expected = ours;
  comm::block_squares(values.data(), count, expected.data());
  launch(comm::block_squares_kernel<Number>, {comm::groups_of_squares(blocks), comm::threads_of_squares}, values.data(),
         count, comm::block_elements, ours.data());
  CHECK(ours == expected);
}

}  // namespace

TEST_CASE("a GPU's squared norms of blocks have the CPU's bits", "[block_squares]") {
  for (const std::int64_t count : {1, 7, 1023, 1024, 1025, 33 * 1024, 64 * 1024 + 5}) {
    compare<float>(count);
    compare<double>(count);
  }
}
