// Targets of random rectangles, to the bit those of the rules as they are worded.
#include <catch2/catch.hpp>

#include "data/cell_targets.hpp"
#include "data/center_targets.hpp"
#include "unit/data/made_rectangles.hpp"
#include "unit/data/plain_targets.hpp"

using namespace fastbox;
using namespace fastbox::test;

namespace {

const std::vector<data::Grid> grids = {{39, 12, 32, 1}, {13, 4, 32, 3}, {1, 1, 32, 1}, {5, 3, 32, 2}};

PlainTargets of_maker(const data::TargetMaker& maker, const std::vector<data::Rectangle>& rectangles,
                      data::TargetCounts& counts) {
  PlainTargets targets(maker.grid());
  for (auto* map : {&targets.confidence, &targets.box, &targets.weight, &targets.mask})
    std::fill(map->begin(), map->end(), -1.0f);  // every element is written
  counts = maker.write(rectangles, targets.spans());
  return targets;
}

}  // namespace

TEST_CASE("FastBox's targets of random rectangles", "[random_targets]") {
  int without_cell = 0, positive = 0;
  for (const data::Grid& grid : grids)
    for (const std::string assignment : {"first", "nearest"})
      for (const std::string border : {"background", "ignore"}) {
        config::TargetSettings settings;
        settings.assignment = assignment, settings.border = border;
        const data::CellTargets maker(settings, grid);
        for (std::uint64_t seed = 0; seed < 60; ++seed) {
          const auto rectangles = made_rectangles(grid, 30, seed);
          data::TargetCounts counts;
          const PlainTargets ours = of_maker(maker, rectangles, counts);
          CAPTURE(assignment, border, grid.columns, seed);
          CHECK(ours == plain_cell_targets(rectangles, grid, settings.radius * 32, assignment == "nearest",
                                           border == "ignore"));
          CHECK(counts.cells == std::count(ours.weight.begin(), ours.weight.end(), 1.0f));
          without_cell += counts.without_cell, positive += counts.rectangles;
        }
      }
  CHECK(without_cell > 100);
  CHECK(positive > 10 * without_cell / 9);  // some have one
}

TEST_CASE("the center decoder's targets of random rectangles", "[random_targets]") {
  int cells = 0;
  for (const data::Grid& grid : std::vector<data::Grid>{{156, 48, 8, 1}, {52, 16, 8, 3}, {78, 24, 4, 2}, {1, 1, 32, 1}})
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      const auto rectangles = made_rectangles(grid, 30, seed);
      data::TargetCounts counts;
      const PlainTargets ours = of_maker(data::CenterTargets(grid), rectangles, counts);
      CAPTURE(grid.columns, seed);
      CHECK(ours == plain_center_targets(rectangles, grid));
      CHECK(counts.cells == std::count_if(ours.weight.begin(), ours.weight.end(), [](float w) { return w > 0; }));
      cells += counts.cells;
    }
  CHECK(cells > 1000);
}

TEST_CASE("of many threads' offers the best is the one that is found in order", "[random_targets]") {
  const data::CellRule rule{{39, 12, 32, 1}, true, false, 57.6};
  constexpr int threads = 256;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed, Purpose::scene);
    // Whole numbers: many cells are equally far.
    const double x = 32 * std::floor(random.uniform(1, 38)), y = 32 * std::floor(random.uniform(1, 11));
    const data::PlainRectangle box{x - 64, y - 64, x + 64, y + 64, 0, 0};
    std::vector<int> owners(static_cast<std::size_t>(rule.grid.cells()), data::no_rectangle);
    for (int& owner : owners) owner = static_cast<int>(random.below(3)) - 1;
    const int owned[] = {1, 2};
    data::Offer serial = data::no_offer(), offers[threads];
    for (auto& offer : offers) offer = data::no_offer();
    for (int cell = 0; cell < rule.grid.cells(); ++cell) {
      const data::Offer offer = data::offer_of_cell(rule, cell, box, owners.data(), owned);
      if (data::is_better(offer, serial)) serial = offer;
      if (data::is_better(offer, offers[cell % threads])) offers[cell % threads] = offer;
    }
    for (int half = threads / 2; half > 0; half /= 2)
      for (int i = 0; i < half; ++i)
        if (data::is_better(offers[i + half], offers[i])) offers[i] = offers[i + half];
    CHECK(offers[0].cell == serial.cell);
    CHECK(offers[0].squared_distance == serial.squared_distance);
  }
}
