// Random grids of a network's answers, for tests of suppression on the CPU and on GPUs.
//
// Test processes only; no state.
#pragma once

#include <cmath>
#include <vector>

#include "base/random.hpp"
#include "eval/decode.hpp"

namespace fastbox::test {

struct MadeGrid {
  eval::GridGeometry grid;
  std::vector<float> confidence;  ///< rows x columns
  std::vector<float> box;         ///< rows x columns x 4
};

struct GridCase {
  int columns = 39, rows = 12, stride = 32;
  double share = 0.5;  ///< of cells that are above 0.1
  double size = 100;   ///< pixels of the largest boxes; some have a negative side
  int levels = 16;     ///< different confidences: few, and many are equal
};

inline MadeGrid made_grid(const GridCase& of, std::uint64_t seed) {
  Random random(seed, Purpose::scene);
  MadeGrid made{{of.columns * of.stride, of.rows * of.stride, of.stride}, {}, {}};
  for (int cell = 0; cell < of.columns * of.rows; ++cell) {
    const auto level = 1 + static_cast<double>(random.below(static_cast<std::uint64_t>(of.levels)));
    made.confidence.push_back(static_cast<float>(random.chance(of.share) ? 0.1 + 0.9 * level / of.levels : 0.05));
    for (int i = 0; i < 2; ++i) made.box.push_back(static_cast<float>(random.uniform(-1, 1) * of.stride));
    for (int i = 0; i < 2; ++i) made.box.push_back(static_cast<float>(random.uniform(-0.05, 1) * of.size));
  }
  return made;
}

/// What suppression meets: ordinary grids, none, all or one box, all in one place, as many as there are cells, apart.
inline std::vector<MadeGrid> made_grids() {
  std::vector<MadeGrid> all;
  std::uint64_t seed = 0;
  for (const double share : {0.0, 0.01, 0.5, 1.0})
    for (const double size : {20.0, 100.0, 600.0})
      for (const int levels : {1, 16, 100000}) all.push_back(made_grid({39, 12, 32, share, size, levels}, ++seed));
  for (const int columns : {1, 7, 8, 9, 16, 65}) all.push_back(made_grid({columns, 8, 32, 1, 100, 4}, ++seed));
  all.push_back(made_grid({156, 48, 8, 0.3, 60, 50}, ++seed));
  MadeGrid same = made_grid({39, 12, 32, 1, 100, 100000}, ++seed);
  for (std::size_t cell = 0; cell < same.confidence.size(); ++cell) {
    same.box[4 * cell] = static_cast<float>(600 - 32 * static_cast<int>(cell % 39));
    same.box[4 * cell + 1] = static_cast<float>(200 - 32 * static_cast<int>(cell / 39));
    same.box[4 * cell + 2] = same.box[4 * cell + 3] = 90.5f;
  }
  all.push_back(same);
  return all;
}

}  // namespace fastbox::test
