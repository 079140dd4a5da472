// Worked by hand from center_targets.hpp, on a network input of 64 x 32 pixels: 8 x 4 cells of 8.
#include "data/center_targets.hpp"

#include <catch2/catch.hpp>

#include <cmath>

#include "support/support.hpp"

using namespace fastbox;
using data::Rectangle;
using data::Role;

namespace {

struct Targets {
  std::vector<float> confidence, box = std::vector<float>(128, -1), weight = std::vector<float>(32, -1), mask;
  data::TargetCounts counts;

  explicit Targets(const std::vector<Rectangle>& rectangles, int classes = 1)
      : confidence(32 * static_cast<std::size_t>(classes), -1), mask(confidence) {
    counts = data::CenterTargets({8, 4, 8, classes}).write(rectangles, {confidence, box, weight, mask});
  }
};

std::size_t cell(int row, int column) {
  return static_cast<std::size_t>(8 * row + column);
}

std::vector<float> box_of(const Targets& t, std::size_t at) {
  return {t.box.begin() + static_cast<std::ptrdiff_t>(4 * at), t.box.begin() + static_cast<std::ptrdiff_t>(4 * at + 4)};
}

}  // namespace

TEST_CASE("a small rectangle is one cell", "[center_targets]") {
  const Targets t(
      {{{18, 10, 26, 15}, Role::positive}});  // centre (22, 12.5): row 1, column 2, whose centre is (20, 12)
  CHECK(t.confidence[cell(1, 2)] == 1);
  CHECK(std::count(t.confidence.begin(), t.confidence.end(), 0.0f) == 31);
  CHECK(t.weight[cell(1, 2)] == Approx(std::log(40.0)));
  CHECK(box_of(t, cell(1, 2)) == std::vector<float>{2, 0.5, 8, 5});
  CHECK(t.mask == std::vector<float>(32, 1));
  CHECK(t.counts.cells == 1);
}

TEST_CASE("a wide rectangle's peak spreads by its width", "[center_targets]") {
  const Targets t({{{2, 8, 58, 16}, Role::positive}});  // 7 cells wide: floor(0.54 * 7 / 2) = 1 to either side, s = 1/2
  const double beside = std::exp(-2.0);
  CHECK(t.confidence[cell(1, 3)] == 1);
  CHECK(t.confidence[cell(1, 2)] == Approx(beside));
  CHECK(t.confidence[cell(1, 4)] == Approx(beside));
  CHECK(t.confidence[cell(1, 5)] == 0);
  CHECK(t.confidence[cell(0, 3)] == 0);
  const double all = std::log(56.0 * 8);
  CHECK(t.weight[cell(1, 3)] == Approx(all / (1 + 2 * beside)));
  CHECK(t.weight[cell(1, 2)] + t.weight[cell(1, 3)] + t.weight[cell(1, 4)] == Approx(all));
  CHECK(box_of(t, cell(1, 2)) == std::vector<float>{10, 0, 56, 8});
  CHECK(t.counts.cells == 3);
}

TEST_CASE("where windows meet the smaller rectangle has the box, and the higher peak counts", "[center_targets]") {
  const Rectangle wide{{2, 8, 58, 16}, Role::positive}, small{{33, 9, 39, 15}, Role::positive};
  for (const auto& rectangles : {std::vector<Rectangle>{wide, small}, std::vector<Rectangle>{small, wide}}) {
    const Targets t(rectangles);
    CHECK(t.confidence[cell(1, 4)] == 1);
    CHECK(t.confidence[cell(1, 3)] == 1);
    CHECK(box_of(t, cell(1, 4)) == std::vector<float>{0, 0, 6, 6});
    CHECK(t.counts.rectangles == 2);
    CHECK(t.counts.without_cell == 0);
  }
}

TEST_CASE("two rectangles on one cell: the larger is without", "[center_targets]") {
  const Targets t({{{18, 10, 26, 15}, Role::positive}, {{19, 11, 23, 14}, Role::positive}});
  CHECK(t.counts.without_cell == 1);
  CHECK(box_of(t, cell(1, 2)) == std::vector<float>{1, 0.5, 4, 3});
}

TEST_CASE("classes have maps and masks of their own", "[center_targets]") {
  const Targets t({{{16, 8, 24, 16}, Role::positive, 1},
                   {{32, 0, 64, 32}, Role::background, 0, 1},
                   {{0, 0, 24, 16}, Role::ignored}},
                  2);
  const auto of = [&](const std::vector<float>& map, int row, int column, std::size_t which) {
    return map[2 * cell(row, column) + which];
  };
  CHECK(of(t.confidence, 1, 2, 0) == 0);
  CHECK(of(t.confidence, 1, 2, 1) == 1);
  CHECK(of(t.mask, 1, 2, 1) == 1);  // a peak's cell, though under an ignored rectangle
  CHECK(of(t.mask, 1, 2, 0) == 0);
  CHECK(of(t.mask, 1, 1, 1) == 0);
  CHECK(of(t.mask, 2, 1, 1) == 1);  // below it
  CHECK(of(t.mask, 3, 4, 0) == 0);  // what class 0 alone ignores
  CHECK(of(t.mask, 3, 4, 1) == 1);
}

TEST_CASE("a rectangle at the frame's edge stays within the grid", "[center_targets]") {
  const Targets t({{{60, 0, 64, 32}, Role::positive}, {{-4, -4, 70, 36}, Role::ignored}});
  CHECK(t.confidence[cell(2, 7)] == 1);
  CHECK(t.mask[cell(0, 0)] == 0);
  CHECK(t.mask[cell(3, 7)] == 0);
}
