// Worked by hand from fastbox-reference's "Targets", on a network input of 160 x 96: a grid of 5 x 3 cells.
#include <catch2/catch.hpp>

#include "data/cell_targets.hpp"
#include "support/support.hpp"

using namespace fastbox;
using data::Rectangle;
using data::Role;

namespace {

struct Targets {
  std::vector<float> confidence = std::vector<float>(15, -1), box = std::vector<float>(60, -1),
                     weight = std::vector<float>(15, -1), mask = std::vector<float>(15, -1);
  data::TargetCounts counts;

  Targets(const config::TargetSettings& settings, const std::vector<Rectangle>& rectangles) {
    counts = data::CellTargets(settings, data::grid_of(160, 96)).write(rectangles, {confidence, box, weight, mask});
    REQUIRE(weight == confidence);  // of one class
  }
  std::vector<float> box_at(int row, int column) const {
    const auto at = box.begin() + 4 * (5 * row + column);
    return {at, at + 4};
  }
};

config::TargetSettings kittibox() {
  return {};
}

config::TargetSettings nearest() {
  config::TargetSettings settings;
  settings.assignment = "nearest";
  return settings;
}

const Rectangle whole_frame{{0, 0, 160, 96}, Role::positive};
const Rectangle corner{{0, 0, 30, 30}, Role::positive};

}  // namespace

TEST_CASE("the grid has a cell each 32 pixels", "[target]") {
  CHECK(data::grid_of(1248, 384).columns == 39);
  CHECK(data::grid_of(1248, 384).rows == 12);
  CHECK(data::grid_of(1248, 384).cells() == 468);
  CHECK(test::caught([] { data::grid_of(1242, 384); }).code == ExitCode::usage);
  CHECK(test::caught([] { data::grid_of(1248, 0); }).mentions("multiples of 32"));
}

TEST_CASE("every cell that a lone rectangle touches near its centre is positive", "[target]") {
  const Targets t(kittibox(), {{{40, 20, 88, 60}, Role::positive}});  // centre (64, 40), 48 x 40
  CHECK(t.confidence == std::vector<float>{0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0});
  CHECK(t.box_at(0, 1) == std::vector<float>{16, 24, 48, 40});
  CHECK(t.box_at(0, 2) == std::vector<float>{-16, 24, 48, 40});
  CHECK(t.box_at(1, 1) == std::vector<float>{16, -8, 48, 40});
  CHECK(t.box_at(1, 2) == std::vector<float>{-16, -8, 48, 40});
  CHECK(t.box_at(2, 2) == std::vector<float>{0, 0, 0, 0});
  CHECK(t.mask == std::vector<float>(15, 1));
  CHECK(t.counts.cells == 4);
}

TEST_CASE("a shared border is no touch", "[target]") {
  const Targets t(kittibox(), {{{32, 32, 64, 64}, Role::positive}});
  CHECK(t.counts.cells == 1);
  CHECK(t.box_at(1, 1) == std::vector<float>{0, 0, 32, 32});
  CHECK(Targets(kittibox(), {{{40, 40, 40, 50}, Role::positive}}).counts.without_cell == 1);  // no area
}

TEST_CASE("a centre is near within 57.6 pixels in x and in y", "[target]") {
  CHECK(Targets(kittibox(), {{{0, 32, 147.0, 64}, Role::positive}}).confidence[5] == 1);  // 73.5 - 16 = 57.5
  CHECK(Targets(kittibox(), {{{0, 32, 147.4, 64}, Role::positive}}).confidence[5] == 0);  // 73.7 - 16 = 57.7
}

TEST_CASE("first: a cell looks at the first rectangle that it touches and at no other", "[target]") {
  // The whole frame's centre (80, 48) is 64 px from columns 0 and 4; cell (0, 0) never sees the corner's
  // rectangle.
  const Targets t(kittibox(), {whole_frame, corner});
  CHECK(t.confidence == std::vector<float>{0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0});
  CHECK(t.box_at(2, 3) == std::vector<float>{-32, -32, 160, 96});
  CHECK(t.counts.rectangles == 2);
  CHECK(t.counts.without_cell == 1);
  // In the other order the corner has its cell.
  const Targets other(kittibox(), {corner, whole_frame});
  CHECK(other.box_at(0, 0) == std::vector<float>{-1, -1, 30, 30});
  CHECK(other.counts.without_cell == 0);
}

TEST_CASE("nearest: a cell takes the rectangle whose centre is nearest", "[target]") {
  const Targets t(nearest(), {whole_frame, corner});
  CHECK(t.confidence == std::vector<float>{1, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0});
  CHECK(t.box_at(0, 0) == std::vector<float>{-1, -1, 30, 30});
  CHECK(t.counts.without_cell == 0);
  // Equal centres: the first in label order.
  const Targets tie(nearest(), {{{40, 40, 56, 56}, Role::positive}, {{44, 44, 52, 52}, Role::positive}});
  CHECK(tie.box_at(1, 1) == std::vector<float>{0, 0, 16, 16});
}

TEST_CASE("nearest: a rectangle without a cell takes one that its owner can spare", "[target]") {
  // The long one is nearer to both its cells; the speck's only cell is (1, 1), and the long one keeps (1, 2).
  const Rectangle long_one{{33, 33, 94, 63}, Role::positive}, speck{{32.5, 33, 34, 35}, Role::positive};
  for (const bool speck_first : {false, true}) {
    const Targets t(nearest(), speck_first ? std::vector{speck, long_one} : std::vector{long_one, speck});
    CHECK(t.box_at(1, 1) == std::vector<float>{-14.75, -14, 1.5, 2});
    CHECK(t.box_at(1, 2) == std::vector<float>{-16.5, 0, 61, 30});
    CHECK(t.counts.without_cell == 0);
  }
  // An only cell is not taken away.
  const Targets t(nearest(), {{{40, 40, 56, 56}, Role::positive}, {{34, 34, 38, 38}, Role::positive}});
  CHECK(t.box_at(1, 1) == std::vector<float>{0, 0, 16, 16});
  CHECK(t.counts.without_cell == 1);
}

TEST_CASE("border ignore leaves cells out that are touched but not positive", "[target]") {
  auto settings = kittibox();
  settings.border = "ignore";
  CHECK(Targets(settings, {whole_frame, corner}).mask ==
        std::vector<float>{0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0});
  settings.assignment = "nearest";
  CHECK(Targets(settings, {whole_frame, corner}).mask ==
        std::vector<float>{1, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0});
  CHECK(Targets(settings, {{{0, 0, 160, 96}, Role::background}}).mask == std::vector<float>(15, 1));
}

TEST_CASE("DontCare masks the cells under it, two pixels less on each side", "[target]") {
  // 31/160*5 = .97, 63/160*5 = 1.97: columns 0..1, and rows alike.
  CHECK(Targets(kittibox(), {{{29, 29, 65, 65}, Role::ignored}}).mask ==
        std::vector<float>{0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1});
  // 33/160*5 = 1.03, 65/160*5 = 2.03: columns 1..2.
  CHECK(Targets(kittibox(), {{{31, 31, 67, 67}, Role::ignored}}).mask ==
        std::vector<float>{1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1});
  // 64/160*5 = 2, 63/160*5 = 1.97: from column 2 to column 1, so none.
  CHECK(Targets(kittibox(), {{{62, 10, 65, 20}, Role::ignored}}).mask == std::vector<float>(15, 1));
  // At the frame's edges it stays within the grid: (0 - 5 + 2) truncates to 0, (170 - 2)/160*5 is past the
  // last column.
  CHECK(Targets(kittibox(), {{{-5, -5, 170, 106}, Role::ignored}}).mask == std::vector<float>(15, 0));
}

TEST_CASE("a positive cell under DontCare keeps its target", "[target]") {
  const Targets t(kittibox(), {{{0, 0, 160, 96}, Role::ignored}, {{32, 32, 64, 64}, Role::positive}});
  CHECK(t.confidence[6] == 1);
  CHECK(t.mask[6] == 0);
}

TEST_CASE("a cell has a confidence and a mask for each class", "[target]") {
  std::vector<float> confidence(30, -1), box(60, -1), weight(15, -1), mask(30, -1);
  const data::CellTargets maker(nearest(), data::grid_of(160, 96, 32, 2));
  maker.write({{{{0, 0, 30, 30}, Role::positive, 1}, {{64, 0, 96, 32}, Role::background, 0, 2}}},
              {confidence, box, weight, mask});
  CHECK(std::vector<float>(confidence.begin(), confidence.begin() + 4) == std::vector<float>{0, 1, 0, 0});
  CHECK(weight[0] == 1);
  CHECK(weight[1] == 0);
  CHECK(std::vector<float>(mask.begin() + 2, mask.begin() + 6) == std::vector<float>{1, 1, 1, 0});
}

TEST_CASE("unknown words in the settings are refused", "[target]") {
  auto settings = kittibox();
  settings.assignment = "largest";
  CHECK(test::caught([&] {
          data::CellTargets(settings, data::grid_of(160, 96));
        }).mentions("targets.assignment: 'largest'"));
  settings = kittibox();
  settings.border = "grey";
  CHECK(test::caught([&] { data::CellTargets(settings, data::grid_of(160, 96)); }).code == ExitCode::usage);
  settings = kittibox();
  settings.radius = 0;
  CHECK(test::caught([&] { data::CellTargets(settings, data::grid_of(160, 96)); }).mentions("targets.radius"));
}
