// The sums over cells that a loss is made of, on a CPU: one pass over the cells, which also writes their gradients.
//
// A loss is a struct of maps with `Number` (float or double), `terms` (how many sums), `scales` (what each is multiplied
// by), and a function loss_cell(maps, cell, values), which gives what a cell adds to each term and writes the cell's
// gradients. The order of additions is block_sum.hpp's: the bits depend on no threads. The GPU's twin: loss_sums.cuh.
// Thread-safe.
#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "models/block_sum.hpp"
#include "models/parallel.hpp"

namespace fastbox::models {

/// The block's part of each term's sum.
template <typename Maps>
void sum_cells_of_block(const Maps& maps, std::int64_t first, std::int64_t count, double* sums) {
  double of_lanes[Maps::terms][sum_lanes] = {};
  for (std::int64_t lane = 0; lane < count; ++lane) {
    double values[Maps::terms];
    loss_cell(maps, first + lane, values);
    for (int term = 0; term < Maps::terms; ++term) of_lanes[term][lane] = values[term];
  }
  for (int term = 0; term < Maps::terms; ++term) sums[term] = fold(of_lanes[term]);
}

/// To the first `terms` of `results`, scalars of the maps' type.
template <typename Maps>
void sum_cells(const Maps& maps, std::int64_t cells, at::TensorList results) {
  using Number = typename Maps::Number;
  constexpr std::int64_t blocks_per_task = 32;  // fewer are done before another thread has woken up
  const std::int64_t blocks = (cells + sum_lanes - 1) / sum_lanes;
  std::vector<double> sums(static_cast<std::size_t>(blocks * Maps::terms));
  parallel_for(0, blocks, blocks_per_task, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t block = begin; block < end; ++block) {
      const std::int64_t first = block * sum_lanes, count = std::min<std::int64_t>(sum_lanes, cells - first);
      sum_cells_of_block(maps, first, count, sums.data() + block * Maps::terms);
    }
  });
  for (std::size_t term = 0; term < Maps::terms; ++term) {
    const double sum = block_sum(
        blocks, [&](std::int64_t block) { return sums[static_cast<std::size_t>(block) * Maps::terms + term]; });
    *results[term].template mutable_data_ptr<Number>() = static_cast<Number>(sum * maps.scales[term]);
  }
}

}  // namespace fastbox::models
