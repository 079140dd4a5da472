// Made grids as tensors, and what lib/eval keeps of them, for tests of the operator that suppresses.
//
// Test processes only; one thread.
#pragma once

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "eval/suppression.hpp"
#include "unit/eval/made_grids.hpp"

namespace fastbox::test {

struct GridTensors {
  at::Tensor confidence;  ///< C x gh x gw
  at::Tensor box;         ///< gh x gw x 4
};

/// Class c has the grid's confidences from cell 17 c on.
inline GridTensors grid_tensors(const MadeGrid& made, std::int64_t classes) {
  const std::int64_t rows = made.grid.rows(), columns = made.grid.columns();
  const at::Tensor confidence = at::tensor(made.confidence);
  std::vector<at::Tensor> of_classes;
  for (std::int64_t c = 0; c < classes; ++c) of_classes.push_back(at::roll(confidence, -17 * c).view({rows, columns}));
  return {at::stack(of_classes), at::tensor(made.box).view({rows, columns, 4})};
}

inline std::vector<std::vector<eval::Candidate>> expected_of(const GridTensors& maps, const eval::GridGeometry& grid,
                                                             const eval::DecodeOptions& options, double overlap) {
  const auto span = [](const at::Tensor& map) {
    return std::span<const float>(map.const_data_ptr<float>(), static_cast<std::size_t>(map.numel()));
  };
  std::vector<std::vector<eval::Candidate>> kept;
  for (std::int64_t c = 0; c < maps.confidence.size(0); ++c) {
    const at::Tensor of_class = maps.confidence[c];
    kept.push_back(eval::suppress(eval::decode(span(of_class), span(maps.box), grid, options), overlap));
  }
  return kept;
}

/// To the bit, in order.
inline void check_same(const std::vector<std::vector<eval::Candidate>>& found,
                       const std::vector<std::vector<eval::Candidate>>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t c = 0; c < found.size(); ++c) {
    REQUIRE(found[c].size() == expected[c].size());
    CHECK(std::equal(found[c].begin(), found[c].end(), expected[c].begin(),
                     [](const eval::Candidate& a, const eval::Candidate& b) {
                       return a.cx == b.cx && a.cy == b.cy && a.w == b.w && a.h == b.h &&
                              a.confidence == b.confidence && a.cell == b.cell;
                     }));
  }
}

}  // namespace fastbox::test
