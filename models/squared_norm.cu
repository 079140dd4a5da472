// The GPU's twin of squared_norm.cpp: the same blocks, the same order of additions, the same bits.

#include "models/squared_norm.hpp"

#include <ATen/ATen.h>
#include <ATen/Dispatch.h>
#include <c10/cuda/CUDAGuard.h>
#include <torch/library.h>

#include <algorithm>

#include "base/launch.cuh"
#include "models/block_sum.cuh"

namespace fastbox::models {
namespace {

/// Tensors of one launch: as many as fit well into a kernel's arguments.
constexpr int most_tensors = 96;

template <typename Number>
struct Tensors {
  const Number* values[most_tensors];
  std::int64_t counts[most_tensors];
  std::int64_t begins[most_tensors + 1];  ///< the blocks of each, among this launch's
};

template <typename Number>
__global__ void block_squares_kernel(Tensors<Number> tensors, double* squares) {
  const std::int64_t block = blockIdx.x;
  int which = 0;
  while (tensors.begins[which + 1] <= block) ++which;
  const std::int64_t begin = (block - tensors.begins[which]) * squares_of_block;
  const Number* const values = tensors.values[which] + begin;
  const std::int64_t left = tensors.counts[which] - begin;
  const double sum = block_sum_of_threads(left < squares_of_block ? left : squares_of_block, [&](std::int64_t i) {
    const double value = values[i];
    return value * value;
  });
  if (threadIdx.x == 0) squares[block] = sum;
}

template <typename Number>
__global__ void half_sum_kernel(const double* __restrict__ squares, std::int64_t blocks, Number* result) {
  const double sum = block_sum_of_threads(blocks, [&](std::int64_t block) { return squares[block]; });
  if (threadIdx.x == 0) *result = static_cast<Number>(0.5 * sum);
}

template <typename Number>
void sum_squares(at::TensorList tensors, double* squares, std::int64_t blocks, Number* result) {
  std::int64_t done = 0;
  for (std::size_t first = 0; first < tensors.size(); first += most_tensors) {
    Tensors<Number> some{};
    const int count = static_cast<int>(std::min<std::size_t>(most_tensors, tensors.size() - first));
    for (int i = 0; i < count; ++i) {
      const at::Tensor& tensor = tensors[first + i];
      some.values[i] = tensor.const_data_ptr<Number>();
      some.counts[i] = tensor.numel();
      some.begins[i + 1] = some.begins[i] + blocks_of_squares(tensor.numel());
    }
    const std::int64_t now = some.begins[count];
    if (now == 0) continue;
    launch(block_squares_kernel<Number>, {static_cast<unsigned>(now), sum_lanes}, some, squares + done);
    done += now;
  }
  launch(half_sum_kernel<Number>, {1, sum_lanes}, squares, blocks, result);
}

at::Tensor half_squared_norm_cuda(at::TensorList tensors) {
  const c10::cuda::CUDAGuard guard(tensors[0].device());
  std::int64_t blocks = 0;
  for (const at::Tensor& tensor : tensors) blocks += blocks_of_squares(tensor.numel());
  const at::Tensor squares = at::empty({blocks}, tensors[0].options().dtype(at::kDouble));
  const at::Tensor result = at::empty({}, tensors[0].options());
  AT_DISPATCH_FLOATING_TYPES(tensors[0].scalar_type(), "half_squared_norm", [&] {
    sum_squares(tensors, squares.mutable_data_ptr<double>(), blocks, result.mutable_data_ptr<scalar_t>());
  });
  return result;
}

}  // namespace
}  // namespace fastbox::models

TORCH_LIBRARY_IMPL(fastbox, CUDA, library) {
  library.impl("half_squared_norm", &fastbox::models::half_squared_norm_cuda);
}
