// The GPU's twin of loss_sums.hpp: the same cells, the same order of additions, on the calling thread's current stream.
//
// Part of the CUDA plugin, never of the core. C++17. The caller has made the tensors' GPU current.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "base/launch.cuh"
#include "models/block_sum.cuh"

namespace fastbox::models {

template <typename Maps>
struct TermsOf {
  typename Maps::Number* values[Maps::terms];
};

/// A block of sum_lanes cells. `sums`: blocks x terms.
template <typename Maps>
__global__ void loss_cells_kernel(Maps maps, std::int64_t cells, double* sums) {
  const std::int64_t cell = static_cast<std::int64_t>(blockIdx.x) * sum_lanes + threadIdx.x;
  double values[Maps::terms] = {};
  if (cell < cells) loss_cell(maps, cell, values);
  for (int term = 0; term < Maps::terms; ++term) {
    const double sum = fold_block(values[term]);
    if (threadIdx.x == 0) sums[static_cast<std::int64_t>(blockIdx.x) * Maps::terms + term] = sum;
  }
}

/// A block a term.
template <typename Maps>
__global__ void loss_terms_kernel(Maps maps, const double* __restrict__ sums, std::int64_t blocks,
                                  TermsOf<Maps> results) {
  const int term = static_cast<int>(blockIdx.x);
  const double sum = block_sum_of_threads(blocks, [&](std::int64_t block) { return sums[block * Maps::terms + term]; });
  if (threadIdx.x == 0) *results.values[term] = static_cast<typename Maps::Number>(sum * maps.scales[term]);
}

/// To the first `terms` of `results`, scalars of the maps' type. Does not wait.
template <typename Maps>
void sum_cells_on_gpu(const Maps& maps, std::int64_t cells, at::TensorList results) {
  const std::int64_t blocks = (cells + sum_lanes - 1) / sum_lanes;
  const at::Tensor sums = at::empty({blocks, Maps::terms}, results[0].options().dtype(at::kDouble));
  TermsOf<Maps> terms;
  for (std::size_t i = 0; i < Maps::terms; ++i)
    terms.values[i] = results[i].template mutable_data_ptr<typename Maps::Number>();
  if (blocks > 0)
    launch(loss_cells_kernel<Maps>, {static_cast<unsigned>(blocks), sum_lanes}, maps, cells,
           sums.mutable_data_ptr<double>());
  launch(loss_terms_kernel<Maps>, {Maps::terms, sum_lanes}, maps, sums.const_data_ptr<double>(), blocks, terms);
}

}  // namespace fastbox::models
