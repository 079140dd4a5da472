// The GPU's twin of suppress_grid.cpp: the same boxes in the same order. Its steps are eval/suppression_kernel.hpp's.
//
// Everything has the size that the grid gives it, so that a CUDA graph can hold it: how many candidates there are, only
// the GPU knows.

#include <ATen/ATen.h>
#include <c10/cuda/CUDAGuard.h>
#include <torch/library.h>

#include <limits>

#include "base/each_index.cuh"
#include "base/warp.cuh"
#include "eval/suppression_kernel.hpp"
#include "train/suppressed_rows.hpp"

namespace fastbox::train {
namespace {

using eval::DecodedBox;
using eval::tile_size;

constexpr int no_cell = -1;

/// Of all classes, one after another; `cells` numbers a class unless said otherwise.
struct Grid {
  const float* confidence;
  const float* box;  ///< four numbers a cell, the same for all classes
  int columns, cells, tiles;
  eval::DecodeRule rule;
  double overlap;
  float* key;             ///< a candidate's confidence, else NaN
  unsigned char* is_bad;  ///< whether a number of the cell is not finite
  int* order;             ///< the candidates' cells, surest first, then no_cell
  DecodedBox* boxes;      ///< in that order
  std::uint64_t* words;   ///< cells x tiles, in that order; those of tiles before a candidate's own are undefined
  double* found;          ///< (1 + cells) x numbers_of_row

  __device__ int row_of(int cell) const { return cell / columns; }
  __device__ int column_of(int cell) const { return cell % columns; }
};

/// For every cell of every class.
struct DecodeCell {
  Grid grid;

  __device__ void operator()(std::int64_t i) const {
    const int cell = static_cast<int>(i % grid.cells);
    DecodedBox decoded;
    const auto state = eval::decode_cell(grid.confidence[i], grid.box + 4 * cell, grid.row_of(cell),
                                         grid.column_of(cell), grid.rule, decoded);
    grid.key[i] = state == eval::CellState::candidate ? grid.confidence[i] : std::numeric_limits<float>::quiet_NaN();
    grid.is_bad[i] = state == eval::CellState::not_finite;
    grid.order[i] = no_cell;
  }
};

/// A warp a cell of a class: puts a candidate at its place.
__global__ void order_kernel(Grid grid, std::int64_t count) {
  const std::int64_t i = (static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) / warp_threads;
  const int lane = static_cast<int>(threadIdx.x % warp_threads);
  if (i >= count || grid.key[i] != grid.key[i]) return;  // the same for the warp
  const int cell = static_cast<int>(i % grid.cells);
  const std::int64_t of_class = i - cell;
  const int place = fold_of_warp(eval::count_before(grid.key + of_class, grid.cells, cell, lane, warp_threads));
  if (lane != 0) return;
  grid.order[of_class + place] = cell;
  eval::decode_cell(grid.confidence[i], grid.box + 4 * cell, grid.row_of(cell), grid.column_of(cell), grid.rule,
                    grid.boxes[of_class + place]);
}

/// A block of tile_size threads for each pair of tiles of each class: x the tile whose bits, y the one whose words.
__global__ void overlap_kernel(Grid grid) {
  __shared__ DecodedBox columns[tile_size];
  const int tile = static_cast<int>(blockIdx.x), own = static_cast<int>(blockIdx.y);
  const std::int64_t of_class = static_cast<std::int64_t>(blockIdx.z) * grid.cells;
  const int* const order = grid.order + of_class;
  if (tile < own || order[tile * tile_size] == no_cell) return;  // the same for the block
  const int thread = static_cast<int>(threadIdx.x), column = tile * tile_size + thread, row = own * tile_size + thread;
  const bool is_candidate = column < grid.cells && order[column] != no_cell;
  if (is_candidate) columns[thread] = grid.boxes[of_class + column];
  const int last = __syncthreads_count(is_candidate);
  if (row >= grid.cells || order[row] == no_cell) return;
  grid.words[(of_class + row) * grid.tiles + tile] =
      eval::overlap_word(grid.boxes[of_class + row], columns, tile == own ? thread + 1 : 0, last, grid.overlap);
}

constexpr int walkers = 1024, groups = 8, rows_of_group = tile_size / groups, threads_of_group = walkers / groups;

/// The smallest of all threads' values, in each.
__device__ int smallest(int value) {
  __shared__ int values[walkers];
  const int thread = static_cast<int>(threadIdx.x);
  values[thread] = value;
  __syncthreads();
  for (int half = walkers / 2; half > 0; half /= 2) {
    if (thread < half && values[thread + half] < values[thread]) values[thread] = values[thread + half];
    __syncthreads();
  }
  return values[0];
}

/// A block of `walkers` threads a class. Shared memory: a word a tile.
__global__ void __launch_bounds__(walkers) walk_kernel(Grid grid) {
  auto* const closed = dynamic_shared<unsigned long long>();
  __shared__ std::uint64_t own[tile_size];
  __shared__ std::uint64_t kept;
  const int thread = static_cast<int>(threadIdx.x);
  const std::int64_t of_class = static_cast<std::int64_t>(blockIdx.x) * grid.cells;
  const int* const order = grid.order + of_class;
  const std::uint64_t* const words = grid.words + of_class * grid.tiles;
  double* const found = grid.found + (of_class + blockIdx.x) * numbers_of_row;

  int candidates = 0, bad = grid.cells;
  for (int first = 0; first < grid.cells; first += walkers) {
    const int cell = first + thread;
    candidates += __syncthreads_count(cell < grid.cells && order[cell] != no_cell);
    if (cell < grid.cells && grid.is_bad[of_class + cell] != 0 && cell < bad) bad = cell;
  }
  bad = smallest(bad);
  for (int tile = thread; tile < grid.tiles; tile += walkers) closed[tile] = 0;
  __syncthreads();

  int before = 0;  // kept of the tiles so far
  const int tiles = eval::tiles_of(candidates);
  for (int tile = 0; tile < tiles; ++tile) {
    const std::int64_t begin = static_cast<std::int64_t>(tile) * tile_size;  // candidate
    const int count = min(tile_size, candidates - tile * tile_size);
    if (thread < count) own[thread] = words[(begin + thread) * grid.tiles + tile];
    __syncthreads();
    if (thread == 0) kept = eval::kept_of_tile(own, closed[tile], count);
    __syncthreads();
    const int first = thread / threads_of_group * rows_of_group;
    for (int other = tile + 1 + thread % threads_of_group; other < tiles; other += threads_of_group) {
      const std::uint64_t more =
          eval::closed_by(words + begin * grid.tiles + other, grid.tiles, kept, first, rows_of_group);
      if (more != 0) atomicOr(&closed[other], static_cast<unsigned long long>(more));  // of bits: in any order
    }
    if (thread < count && (kept >> thread & 1) != 0) {
      const int cell = order[begin + thread];
      write_kept(found, before + eval::place_in_tile(kept, thread), grid.boxes[of_class + begin + thread],
                 grid.confidence[of_class + cell], cell);
    }
    before += eval::count_bits(kept);
    __syncthreads();
  }
  if (thread == 0) write_head(found, before, bad < grid.cells ? bad : no_cell);
}

at::Tensor suppress_cuda(const at::Tensor& confidence, const at::Tensor& box, std::int64_t stride, double minimum_score,
                         double overlap, bool whole_pixels) {
  TORCH_CHECK(confidence.dim() == 3 && confidence.is_contiguous() && confidence.scalar_type() == at::kFloat &&
                  box.is_contiguous() && box.scalar_type() == at::kFloat &&
                  box.numel() == 4 * confidence.size(1) * confidence.size(2) && box.device() == confidence.device(),
              "fastbox::suppress: expected contiguous float32 maps of one grid on one device");
  const c10::cuda::CUDAGuard guard(confidence.device());
  const std::int64_t classes = confidence.size(0), cells = confidence.size(1) * confidence.size(2);
  const at::TensorOptions options = confidence.options();
  const at::Tensor found = at::empty({classes, 1 + cells, numbers_of_row}, options.dtype(at::kDouble));
  if (classes == 0) return found;
  if (cells == 0) return found.zero_();

  Grid grid{};
  grid.confidence = confidence.const_data_ptr<float>();
  grid.box = box.const_data_ptr<float>();
  grid.columns = static_cast<int>(confidence.size(2));
  grid.cells = static_cast<int>(cells);
  grid.tiles = eval::tiles_of(grid.cells);
  grid.rule = {static_cast<int>(stride), whole_pixels, minimum_score};
  grid.overlap = overlap;
  const at::Tensor key = at::empty({classes, cells}, options),
                   is_bad = at::empty({classes, cells}, options.dtype(at::kByte)),
                   order = at::empty({classes, cells}, options.dtype(at::kInt)),
                   boxes = at::empty({classes, cells, 4}, options.dtype(at::kDouble)),
                   words = at::empty({classes, cells, grid.tiles}, options.dtype(at::kLong));
  grid.key = key.mutable_data_ptr<float>();
  grid.is_bad = is_bad.mutable_data_ptr<std::uint8_t>();
  grid.order = order.mutable_data_ptr<int>();
  grid.boxes = static_cast<DecodedBox*>(boxes.mutable_data_ptr());
  grid.words = static_cast<std::uint64_t*>(words.mutable_data_ptr());
  grid.found = found.mutable_data_ptr<double>();

  const auto of_classes = static_cast<unsigned>(classes), tiles = static_cast<unsigned>(grid.tiles);
  each_index(classes * cells, DecodeCell{grid});
  const std::int64_t cells_of_block = threads_of_block / warp_threads;
  launch(order_kernel,
         {static_cast<unsigned>((classes * cells + cells_of_block - 1) / cells_of_block), threads_of_block}, grid,
         classes * cells);
  launch(overlap_kernel, {dim3(tiles, tiles, of_classes), tile_size}, grid);
  launch(walk_kernel, {of_classes, walkers, tiles * sizeof(std::uint64_t)}, grid);
  return found;
}

}  // namespace
}  // namespace fastbox::train

TORCH_LIBRARY_IMPL(fastbox, CUDA, library) {
  library.impl("suppress", &fastbox::train::suppress_cuda);
}
