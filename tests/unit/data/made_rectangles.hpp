// Random rectangles for the tests of targets, on the CPU and on GPUs.
//
// Test processes only; no state.
#pragma once

#include <vector>

#include "base/random.hpp"
#include "data/target.hpp"

namespace fastbox::test {

/// Of all sizes, some reaching outside the frame, some without area, some in one place, of all roles and classes.
inline std::vector<data::Rectangle> made_rectangles(const data::Grid& grid, int most, std::uint64_t seed) {
  Random random(seed, Purpose::scene);
  const double width = grid.columns * grid.stride, height = grid.rows * grid.stride;
  std::vector<data::Rectangle> all(random.below(static_cast<std::uint64_t>(most) + 1));
  for (std::size_t i = 0; i < all.size(); ++i) {
    data::Rectangle& one = all[i];
    const double scale = random.chance(0.3) ? 8 : random.chance(0.5) ? 60 : 400;
    const double x = random.uniform(-20, width + 20), y = random.uniform(-20, height + 20);
    one.box = {x, y, x + random.uniform(0, scale), y + random.uniform(0, 0.6 * scale)};
    if (random.chance(0.1)) one.box.right = one.box.left;
    if (i > 0 && random.chance(0.2)) one.box = all[i - 1].box;
    // On the cells' edges and of equal areas.
    if (random.chance(0.3))
      for (double* edge : {&one.box.left, &one.box.top, &one.box.right, &one.box.bottom})
        *edge = std::floor(*edge / 16) * 16;
    const auto role = random.below(5);
    one.role = role < 3 ? data::Role::positive : role == 3 ? data::Role::ignored : data::Role::background;
    if (one.role == data::Role::positive)
      one.object_class = static_cast<int>(random.below(static_cast<std::uint64_t>(grid.classes)));
    else if (one.role == data::Role::background && random.chance(0.5))
      one.ignored_for = random.below(std::uint64_t{1} << grid.classes);
  }
  return all;
}

}  // namespace fastbox::test
