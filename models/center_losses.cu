// The GPU's twin of center_losses.cpp: the same cells, the same order of additions.

#include "models/center_losses.hpp"

#include <ATen/ATen.h>
#include <ATen/Dispatch.h>
#include <c10/cuda/CUDAGuard.h>
#include <torch/library.h>

#include "models/loss_sums.cuh"

namespace fastbox::models {
namespace {

std::vector<at::Tensor> center_losses_cuda(const at::Tensor& logits, const at::Tensor& reach, at::TensorList targets,
                                           double confidence, double box, bool score_is_overlap, bool box_by_distance) {
  const c10::cuda::CUDAGuard guard(logits.device());
  std::vector<at::Tensor> results = empty_center_results(logits, reach);
  AT_DISPATCH_FLOATING_TYPES(logits.scalar_type(), "center_losses", [&] {
    const CenterLossRule rule{confidence, box, score_is_overlap, box_by_distance};
    sum_cells_on_gpu(center_loss_maps<scalar_t>(logits, reach, targets, results, rule), reach.numel() / 4, results);
  });
  return results;
}

}  // namespace
}  // namespace fastbox::models

TORCH_LIBRARY_IMPL(fastbox, CUDA, library) {
  library.impl("center_losses", &fastbox::models::center_losses_cuda);
}
