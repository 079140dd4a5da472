#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

#include "eval/decode.hpp"
#include "support/support.hpp"

using namespace fastbox;
using namespace fastbox::eval;

namespace {
const GridGeometry two_cells{64, 32, 32};
}

TEST_CASE("offsets and sizes are cut towards 0 before the cell's centre is added", "[decode]") {
  const std::vector<float> confidences = {0.5f, 0.25f};
  const std::vector<float> boxes = {3.9f, -3.9f, 10.9f, 20.9f, -0.9f, 17.2f, 99.5f, 1.f};
  const auto found = decode(confidences, boxes, two_cells);
  REQUIRE(found.size() == 2);
  CHECK(found[0].cx == 3 + 16);
  CHECK(found[0].cy == -3 + 16);
  CHECK(found[0].w == 10);
  CHECK(found[0].h == 20);
  CHECK(found[0].confidence == 0.5);
  CHECK(found[1].cx == 0 + 16 + 32);
  CHECK(found[1].cy == 17 + 16);
  CHECK(found[1].w == 99);
  CHECK(found[1].h == 1);
}

TEST_CASE("fractions stay where whole pixels are not asked for", "[decode]") {
  const auto found = decode(std::vector<float>{0.5f, 0.5f}, std::vector<float>{3.5f, -3.5f, 10.25f, 0.5f, 1, 1, -4, 9},
                            two_cells, {.whole_pixels = false});
  REQUIRE(found.size() == 1);  // the second has no positive width
  CHECK(found[0].cx == 19.5);
  CHECK(found[0].cy == 12.5);
  CHECK(found[0].w == 10.25);
  CHECK(found[0].h == 0.5);
}

TEST_CASE("KittiBox's decoding keeps boxes without a positive size", "[decode]") {
  const auto found =
      decode(std::vector<float>{0.5f, 0.5f}, std::vector<float>{0, 0, 10, 0.5f, 1, 1, -4.5f, 9}, two_cells);
  REQUIRE(found.size() == 2);
  CHECK(found[0].h == 0);
  CHECK(found[1].w == -4);
}

TEST_CASE("cells come in raster order", "[decode]") {
  const GridGeometry grid{96, 64, 32};
  CHECK(grid.rows() == 2);
  CHECK(grid.columns() == 3);
  std::vector<float> boxes(6 * 4, 8.f);
  const auto found = decode(std::vector<float>(6, 0.5f), boxes, grid);
  REQUIRE(found.size() == 6);
  CHECK(found[2].cx == 8 + 16 + 64);
  CHECK(found[2].cy == 8 + 16);
  CHECK(found[3].cx == 8 + 16);
  CHECK(found[3].cy == 8 + 16 + 32);
}

TEST_CASE("the minimum score itself is too low", "[decode]") {
  const std::vector<float> boxes(8, 8.f);
  CHECK(decode(std::vector<float>{0.5f, 0.25f}, boxes, two_cells, {.minimum_score = 0.25}).size() == 1);
  CHECK(decode(std::vector<float>{0.0009f, 0.0011f}, boxes, two_cells).size() == 1);
}

TEST_CASE("an output that is no number is named by its cell", "[decode]") {
  for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    std::vector<float> boxes(8, 8.f);
    boxes[5] = bad;
    const auto error = test::caught([&] { decode(std::vector<float>{0.5f, 0.f}, boxes, two_cells); });
    CHECK(error.code == ExitCode::numbers);
    CHECK(error.mentions("row 0, column 1"));
  }
  const auto confidence = test::caught([] {
    decode(std::vector<float>{std::nanf(""), 0.5f}, std::vector<float>(8, 8.f), two_cells);
  });
  CHECK(confidence.code == ExitCode::numbers);
  CHECK(confidence.mentions("row 0, column 0"));
}

TEST_CASE("numbers that do not fit the grid are a defect", "[decode]") {
  CHECK(test::caught([] { decode(std::vector<float>(3), std::vector<float>(8), two_cells); }).code == ExitCode::defect);
  CHECK(test::caught([] { decode(std::vector<float>(2), std::vector<float>(7), two_cells); }).code == ExitCode::defect);
}
