// The operator that decodes and suppresses, on the CPU, against lib/eval's functions.
#include "train/suppress_grid.hpp"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "eval/suppression.hpp"
#include "support/support.hpp"
#include "unit/eval/grid_tensors.hpp"

using namespace fastbox;
using namespace fastbox::test;

TEST_CASE("every class's boxes are those of decode and suppress", "[suppress_grid]") {
  std::size_t most = 0;
  for (const auto& made : made_grids()) {
    const GridTensors maps = grid_tensors(made, 2);
    for (const bool whole_pixels : {true, false}) {
      const eval::DecodeOptions options{whole_pixels, 0.1};
      const auto found = train::suppress_grid(maps.confidence, maps.box, made.grid, options, 0.5);
      REQUIRE(found.size() == 2);
      check_same(found, expected_of(maps, made.grid, options, 0.5));
      most = std::max(most, found[0].size());
    }
  }
  CHECK(most > 127);  // more than are copied at first
}

TEST_CASE("a number that is none is named by its cell, whatever its class", "[suppress_grid]") {
  const MadeGrid made = made_grid({}, 3);
  GridTensors maps = grid_tensors(made, 2);
  maps.confidence[1][2][5] = std::numeric_limits<float>::quiet_NaN();
  const auto error = caught([&] { train::suppress_grid(maps.confidence, maps.box, made.grid, {}, 0.5); });
  CHECK(error.code == ExitCode::numbers);
  CHECK(error.mentions("row 2, column 5"));
}

TEST_CASE("maps that do not fit the grid are a defect", "[suppress_grid]") {
  const MadeGrid made = made_grid({}, 3);
  const GridTensors maps = grid_tensors(made, 1);
  const auto error =
      caught([&] { train::suppress_grid(maps.confidence.narrow(1, 0, 3), maps.box, made.grid, {}, 0.5); });
  CHECK(error.code == ExitCode::defect);
}
