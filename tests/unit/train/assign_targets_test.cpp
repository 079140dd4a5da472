// The operators that make a batch's targets, on the CPU, against the makers of lib/data.
#include "train/assign_targets.hpp"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "data/center_targets.hpp"
#include "support/support.hpp"
#include "unit/data/made_batch.hpp"

using namespace fastbox;
using namespace fastbox::test;

TEST_CASE("FastBox's targets of a batch are each image's", "[assign_targets]") {
  for (const auto& [assignment, border] : assignments) {
    const data::CellTargets maker(target_settings(assignment, border), cell_grid);
    const auto images = made_images(cell_grid, 5);
    CAPTURE(assignment, border);
    check_equal(train::assign_targets(train::to_rectangles(images, 40), maker.rule()), made_by(maker, images));
  }
}

TEST_CASE("the center decoder's targets of a batch are each image's", "[assign_targets]") {
  const auto images = made_images(center_grid, 5);
  check_equal(train::assign_center_targets(train::to_rectangles(images, 40), center_grid),
              made_by(data::CenterTargets(center_grid), images));
}

TEST_CASE("an image without rectangles, a batch without images, and more rectangles than there is room for",
          "[assign_targets]") {
  const data::CellTargets maker(target_settings("nearest", "ignore"), cell_grid);
  const std::vector<std::vector<data::Rectangle>> none = {{}};
  check_equal(train::assign_targets(train::to_rectangles(none, 0), maker.rule()), made_by(maker, none));
  CHECK(train::assign_targets(train::to_rectangles({}, 4), maker.rule()).box.size(0) == 0);
  const auto error = caught([] { train::to_rectangles({{}, std::vector<data::Rectangle>(3)}, 2); });
  CHECK(error.code == ExitCode::data);
  CHECK(error.mentions("image 1"));
}
