// The GPU's twin of grid_losses.cpp: the same cells, the same order of additions.

#include "models/grid_losses.hpp"

#include <ATen/ATen.h>
#include <ATen/Dispatch.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/library.h>

#include "base/each_index.cuh"
#include "models/block_sum.cuh"

namespace fastbox::models {
namespace {

template <typename Number>
struct Terms {
  Number* values[loss_terms];
};

/// A block of sum_lanes cells. `sums`: blocks x loss_terms.
template <typename Number>
__global__ void loss_cells_kernel(LossMaps<Number> maps, std::int64_t cells, double* sums) {
  const std::int64_t cell = static_cast<std::int64_t>(blockIdx.x) * sum_lanes + threadIdx.x;
  double values[loss_terms] = {};
  if (cell < cells) loss_cell(maps, cell, values);
  for (int term = 0; term < loss_terms; ++term) {
    const double sum = fold_block(values[term]);
    if (threadIdx.x == 0) sums[static_cast<std::int64_t>(blockIdx.x) * loss_terms + term] = sum;
  }
}

/// A block a term.
template <typename Number>
__global__ void loss_terms_kernel(LossMaps<Number> maps, const double* __restrict__ sums, std::int64_t blocks,
                                  Terms<Number> terms) {
  const int term = static_cast<int>(blockIdx.x);
  const double sum = block_sum_of_threads(blocks, [&](std::int64_t block) { return sums[block * loss_terms + term]; });
  if (threadIdx.x == 0) *terms.values[term] = static_cast<Number>(sum * maps.scales[term]);
}

std::vector<at::Tensor> grid_losses_cuda(at::TensorList outputs, at::TensorList targets, at::ArrayRef<double> scales,
                                         double clip) {
  const c10::cuda::CUDAGuard guard(outputs[0].device());
  const auto stream = c10::cuda::getCurrentCUDAStream();
  std::vector<at::Tensor> results = empty_loss_results(outputs);
  const std::int64_t cells = loss_cells(outputs), blocks = (cells + sum_lanes - 1) / sum_lanes;
  const at::Tensor sums = at::empty({blocks, loss_terms}, outputs[0].options().dtype(at::kDouble));
  AT_DISPATCH_FLOATING_TYPES(outputs[0].scalar_type(), "grid_losses", [&] {
    const auto maps = loss_maps<scalar_t>(outputs, targets, results, scales, clip);
    Terms<scalar_t> terms;
    for (int i = 0; i < loss_terms; ++i) terms.values[i] = results[i].mutable_data_ptr<scalar_t>();
    if (blocks > 0) {
      loss_cells_kernel<<<static_cast<unsigned>(blocks), sum_lanes, 0, stream>>>(maps, cells,
                                                                                 sums.mutable_data_ptr<double>());
      C10_CUDA_KERNEL_LAUNCH_CHECK();
    }
    loss_terms_kernel<<<loss_terms, sum_lanes, 0, stream>>>(maps, sums.const_data_ptr<double>(), blocks, terms);
    C10_CUDA_KERNEL_LAUNCH_CHECK();
  });
  return results;
}

template <typename Number>
struct GradientCell {
  LossGradients<Number> maps;
  __device__ void operator()(std::int64_t cell) const { loss_gradient_cell(maps, cell); }
};

std::vector<at::Tensor> grid_losses_backward_cuda(at::TensorList gradients, at::TensorList incoming) {
  const c10::cuda::CUDAGuard guard(gradients[0].device());
  std::vector<at::Tensor> results;
  for (const at::Tensor& gradient : gradients) results.push_back(at::empty_like(gradient));
  AT_DISPATCH_FLOATING_TYPES(gradients[0].scalar_type(), "grid_losses_backward", [&] {
    each_index(loss_cells(gradients), GradientCell<scalar_t>{loss_gradients<scalar_t>(gradients, incoming, results)});
  });
  return results;
}

}  // namespace
}  // namespace fastbox::models

TORCH_LIBRARY_IMPL(fastbox, CUDA, library) {
  library.impl("grid_losses", &fastbox::models::grid_losses_cuda);
  library.impl("grid_losses_backward", &fastbox::models::grid_losses_backward_cuda);
}
