// The GPU's twin of assign_targets.cpp: a block of threads an image, the steps of lib/data's *_targets_kernel.hpp.

#include <ATen/ATen.h>
#include <c10/cuda/CUDAGuard.h>
#include <torch/library.h>

#include "base/launch.cuh"
#include "data/cell_targets_kernel.hpp"
#include "data/center_targets_kernel.hpp"
#include "train/target_tensors.hpp"

namespace fastbox::train {
namespace {

constexpr int threads = 256;

/// A batch's rectangles.
struct Batch {
  const data::PlainRectangle* rectangles;  ///< `most` an image
  const std::int64_t* counts;
  int most;

  __device__ int count(std::int64_t image) const {
    const std::int64_t count = counts[image];
    return count < 0 ? 0 : count > most ? most : static_cast<int>(count);
  }
};

Batch batch_of(const at::Tensor& rectangles, const at::Tensor& counts) {
  return {rectangles_in(rectangles), counts.const_data_ptr<std::int64_t>(), static_cast<int>(rectangles.size(1))};
}

/// The best of all threads' offers, the same in each.
__device__ data::Offer best_offer(const data::Offer& mine) {
  __shared__ double distances[threads];
  __shared__ int cells[threads];
  const int thread = static_cast<int>(threadIdx.x);
  distances[thread] = mine.squared_distance;
  cells[thread] = mine.cell;
  __syncthreads();
  for (int half = threads / 2; half > 0; half /= 2) {
    if (thread < half) {
      const data::Offer other{distances[thread + half], cells[thread + half]};
      if (data::is_better(other, {distances[thread], cells[thread]})) {
        distances[thread] = other.squared_distance;
        cells[thread] = other.cell;
      }
    }
    __syncthreads();
  }
  const data::Offer best{distances[0], cells[0]};
  __syncthreads();  // before the next call writes
  return best;
}

/// With "nearest": each rectangle without a cell takes one, in label order.
__device__ void give_cells(const data::CellRule& rule, const data::PlainRectangle* rectangles, int count, int* owners,
                           int* owned) {
  const int thread = static_cast<int>(threadIdx.x), cells = rule.grid.cells();
  for (int i = thread; i < count; i += threads) owned[i] = data::count_owned(owners, cells, i);
  __syncthreads();
  for (int i = 0; i < count; ++i) {
    if (!rectangles[i].is_positive() || owned[i] > 0) continue;  // the same for the block
    data::Offer best = data::no_offer();
    for (int cell = thread; cell < cells; cell += threads) {
      const data::Offer offer = data::offer_of_cell(rule, cell, rectangles[i], owners, owned);
      if (data::is_better(offer, best)) best = offer;
    }
    best = best_offer(best);
    if (thread == 0) data::give_cell(best, i, owners, owned);
    __syncthreads();
  }
}

/// `owners`, `touched`: of each image's cells; `owned`: of each image's rectangles. For the kernel's own use.
__global__ void cell_targets_kernel(data::CellRule rule, Batch batch, data::TargetMaps first, int* owners,
                                    unsigned char* touched, int* owned) {
  const std::int64_t image = blockIdx.x;
  const int thread = static_cast<int>(threadIdx.x), cells = rule.grid.cells(), count = batch.count(image);
  const data::PlainRectangle* const rectangles = batch.rectangles + image * batch.most;
  const data::TargetMaps out = maps_of_image(first, rule.grid, image);
  owners += image * cells, touched += image * cells, owned += image * batch.most;
  for (int cell = thread; cell < cells; cell += threads) {
    const data::CellOwner owner = data::owner_of_cell(rule, cell, rectangles, count);
    owners[cell] = owner.rectangle;
    touched[cell] = owner.touched ? 1 : 0;
  }
  __syncthreads();
  if (rule.nearest) give_cells(rule, rectangles, count, owners, owned);
  for (int cell = thread; cell < cells; cell += threads) {
    data::write_cell(rule, cell, {owners[cell], touched[cell] != 0}, rectangles, out);
    const int row = cell / rule.grid.columns, column = cell % rule.grid.columns;
    for (int i = 0; i < count; ++i)
      if (rectangles[i].ignored_for != 0 && data::cells_under(rule.grid, rectangles[i]).holds(row, column))
        data::mask_cell(rule.grid, cell, rectangles[i], out.mask);
  }
}

/// `peaks`: of each image's rectangles, for the kernel's own use.
__global__ void center_targets_kernel(data::Grid grid, Batch batch, data::TargetMaps first, data::Peak* peaks) {
  const std::int64_t image = blockIdx.x;
  const int thread = static_cast<int>(threadIdx.x), count = batch.count(image);
  const data::PlainRectangle* const rectangles = batch.rectangles + image * batch.most;
  const data::TargetMaps out = maps_of_image(first, grid, image);
  peaks += image * batch.most;
  for (int i = thread; i < count; i += threads)
    if (data::has_peak(rectangles[i])) peaks[i] = data::peak_of(grid, rectangles[i]);
  __syncthreads();
  for (int cell = thread; cell < grid.cells(); cell += threads) {
    const int row = cell / grid.columns, column = cell % grid.columns;
    data::clear_cell(grid, cell, out);
    for (int i = 0; i < count; ++i)
      if (rectangles[i].ignored_for != 0 && data::cells_inside(grid, rectangles[i]).holds(row, column))
        data::mask_cell(grid, cell, rectangles[i], out.mask);
    data::CenterOwner owner = data::no_center_owner();
    for (int i = 0; i < count; ++i)
      if (data::has_peak(rectangles[i]) && peaks[i].window.holds(row, column))
        data::put_peak(grid, row, column, rectangles, i, peaks[i], owner, out);
  }
}

TargetTensors assign_targets_cuda(const at::Tensor& rectangles, const at::Tensor& counts, std::int64_t rows,
                                  std::int64_t columns, std::int64_t stride, std::int64_t classes, bool nearest,
                                  bool ignore_border, double reach) {
  check_rectangles(rectangles, counts);
  const c10::cuda::CUDAGuard guard(rectangles.device());
  const data::CellRule rule{grid_of_numbers(rows, columns, stride, classes), nearest, ignore_border, reach};
  const std::int64_t images = rectangles.size(0), cells = rule.grid.cells();
  TargetTensors targets = empty_targets(rectangles, rule.grid);
  if (images == 0) return targets;
  const at::TensorOptions options = rectangles.options();
  const at::Tensor owners = at::empty({images, cells}, options.dtype(at::kInt)),
                   touched = at::empty({images, cells}, options),
                   owned = at::empty({images, rectangles.size(1)}, options.dtype(at::kInt));
  launch(cell_targets_kernel, {static_cast<unsigned>(images), threads}, rule, batch_of(rectangles, counts),
         maps_in(targets), owners.mutable_data_ptr<int>(), touched.mutable_data_ptr<std::uint8_t>(),
         owned.mutable_data_ptr<int>());
  return targets;
}

TargetTensors assign_center_targets_cuda(const at::Tensor& rectangles, const at::Tensor& counts, std::int64_t rows,
                                         std::int64_t columns, std::int64_t stride, std::int64_t classes) {
  check_rectangles(rectangles, counts);
  const c10::cuda::CUDAGuard guard(rectangles.device());
  const data::Grid grid = grid_of_numbers(rows, columns, stride, classes);
  const std::int64_t images = rectangles.size(0), bytes = sizeof(data::Peak);
  TargetTensors targets = empty_targets(rectangles, grid);
  if (images == 0) return targets;
  const at::Tensor peaks = at::empty({images, rectangles.size(1), bytes}, rectangles.options());
  launch(center_targets_kernel, {static_cast<unsigned>(images), threads}, grid, batch_of(rectangles, counts),
         maps_in(targets), static_cast<data::Peak*>(peaks.mutable_data_ptr()));
  return targets;
}

}  // namespace
}  // namespace fastbox::train

TORCH_LIBRARY_IMPL(fastbox, CUDA, library) {
  library.impl("assign_targets", &fastbox::train::assign_targets_cuda);
  library.impl("assign_center_targets", &fastbox::train::assign_center_targets_cuda);
}
