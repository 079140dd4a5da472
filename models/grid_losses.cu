// The GPU's twin of grid_losses.cpp: the same cells, the same order of additions.

#include "models/grid_losses.hpp"

#include <ATen/ATen.h>
#include <ATen/Dispatch.h>
#include <c10/cuda/CUDAGuard.h>
#include <torch/library.h>

#include "base/each_index.cuh"
#include "models/loss_sums.cuh"

namespace fastbox::models {
namespace {

std::vector<at::Tensor> grid_losses_cuda(at::TensorList outputs, at::TensorList targets, at::ArrayRef<double> scales,
                                         double clip) {
  const c10::cuda::CUDAGuard guard(outputs[0].device());
  std::vector<at::Tensor> results = empty_loss_results(outputs);
  AT_DISPATCH_FLOATING_TYPES(outputs[0].scalar_type(), "grid_losses", [&] {
    sum_cells_on_gpu(loss_maps<scalar_t>(outputs, targets, results, scales, clip), loss_cells(outputs), results);
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
