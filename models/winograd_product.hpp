// Products of matrices that lie in a core's caches, for the convolutions of models/winograd_kernel.hpp.
//
// Plain functions over memory that the caller owns; no state, so any thread may call them. Every element of a product
// is summed step by step in the order of the depth, however the work is cut: its bits depend on the operands alone, and
// on whether the processor has fused multiply-adds (AVX2 with FMA and AVX-512 give the same).
#pragma once

#include <cstdint>

#include "models/maps.hpp"

namespace fastbox::models {

/// Rows of multiply(): what fits into registers.
constexpr std::int64_t rows_together = 14;

/// out = left * right: out rows x columns, left rows x depth, right depth x columns. Rows of right and out are
/// contiguous.
struct Product {
  const float* left = nullptr;
  std::int64_t left_stride = 0;
  const float* right = nullptr;
  std::int64_t right_stride = 0;  ///< floats from one step of the depth to the next
  float* out = nullptr;
  std::int64_t out_stride = 0;  ///< floats from row to row
  std::int64_t rows = 0;
  std::int64_t columns = 0;  ///< a multiple of lanes
  std::int64_t depth = 0;
};

/// left in blocks of `lanes` steps: element (row, step) at step / lanes * left_stride + row * lanes + step % lanes.
/// depth: a multiple of lanes.
void multiply(const Product& product);

/// left transposed: element (row, step) at step * left_stride + row. rows: a multiple of lanes. `adds`: to what `out`
/// holds.
void multiply_transposed(const Product& product, bool adds);

}  // namespace fastbox::models
