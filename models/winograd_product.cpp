#include "models/winograd_product.hpp"

#include "models/vectors.hpp"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define FASTBOX_HAS_TARGETS
#endif

namespace fastbox::models {
namespace {

using Quad = float __attribute__((vector_size(16)));
using Sixteen = float __attribute__((vector_size(64)));

/// Where the left operand's elements lie: multiply()'s order, or multiply_transposed()'s.
struct InBlocks {
  static constexpr int steps = lanes, row = lanes;
};
struct Transposed {
  static constexpr int steps = 1, row = 1;
};

/// A tile of the product that stays in registers: `rows` x `vectors`.
template <typename Left, bool adds, typename Vector, int rows, int vectors>
FASTBOX_INLINE void multiply_tile(const Product& p, std::int64_t row, std::int64_t column) {
  constexpr int width = sizeof(Vector) / sizeof(float);
  const float* left = p.left + row * Left::row;
  const float* right = p.right + column;
  float* const out = p.out + row * p.out_stride + column;
  if constexpr (adds)
#pragma GCC unroll 16
    for (int i = 0; i < rows; ++i)
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) __builtin_prefetch(out + i * p.out_stride + v * width, 1);
  Vector sums[rows][vectors] = {};
  for (std::int64_t block = 0; block < p.depth; block += Left::steps, left += p.left_stride)
#pragma GCC unroll 2
    for (int step = 0; step < Left::steps; ++step, right += p.right_stride) {
      Vector factors[vectors];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) std::memcpy(&factors[v], right + v * width, sizeof(Vector));
#pragma GCC unroll 16
      for (int i = 0; i < rows; ++i) {
        const float factor = left[i * Left::row + step];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) sums[i][v] += factor * factors[v];
      }
    }
#pragma GCC unroll 16
  for (int i = 0; i < rows; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      float* const to = out + i * p.out_stride + v * width;
      if constexpr (adds) {
        Vector before;
        std::memcpy(&before, to, sizeof before);
        sums[i][v] += before;
      }
      std::memcpy(to, &sums[i][v], sizeof(Vector));
    }
}

template <typename Left, bool adds, typename Vector, int rows, int vectors>
FASTBOX_INLINE void multiply_columns(const Product& p, std::int64_t column) {
  std::int64_t row = 0;
  for (; row + rows <= p.rows; row += rows) multiply_tile<Left, adds, Vector, rows, vectors>(p, row, column);
  if constexpr (rows > 8)
    if (row + 8 <= p.rows) multiply_tile<Left, adds, Vector, 8, vectors>(p, row, column), row += 8;
  if constexpr (rows > 4)
    if (row + 4 <= p.rows) multiply_tile<Left, adds, Vector, 4, vectors>(p, row, column), row += 4;
  if (row + 2 <= p.rows) multiply_tile<Left, adds, Vector, 2, vectors>(p, row, column), row += 2;
  if (row < p.rows) multiply_tile<Left, adds, Vector, 1, vectors>(p, row, column);
}

#ifdef FASTBOX_HAS_TARGETS
template <typename Left, bool adds>
__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"))) void multiply_512(const Product& p) {
  // Of 32 registers, 28 hold sums.
  constexpr int rows = rows_together;
  std::int64_t column = 0;
  for (; column + 32 <= p.columns; column += 32) multiply_columns<Left, adds, Sixteen, rows, 2>(p, column);
  if (column + 16 <= p.columns) multiply_columns<Left, adds, Sixteen, rows, 1>(p, column), column += 16;
  if (column < p.columns) multiply_columns<Left, adds, Floats, rows, 1>(p, column);
}

template <typename Left, bool adds>
__attribute__((target("avx2,fma"))) void multiply_256(const Product& p) {
  // Of 16 registers, 12 hold sums.
  constexpr int rows = 6;
  std::int64_t column = 0;
  for (; column + 16 <= p.columns; column += 16) multiply_columns<Left, adds, Floats, rows, 2>(p, column);
  if (column < p.columns) multiply_columns<Left, adds, Floats, rows, 1>(p, column);
}
#endif

template <typename Left, bool adds>
void multiply_128(const Product& p) {
  for (std::int64_t column = 0; column < p.columns; column += lanes)
    multiply_columns<Left, adds, Quad, 4, 2>(p, column);
}

using Multiply = void (*)(const Product&);

template <typename Left, bool adds>
Multiply best() {
#ifdef FASTBOX_HAS_TARGETS
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw"))
    return multiply_512<Left, adds>;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return multiply_256<Left, adds>;
#endif
  return multiply_128<Left, adds>;
}

}  // namespace

void multiply(const Product& product) {
  static const Multiply function = best<InBlocks, false>();
  function(product);
}

void multiply_transposed(const Product& product, bool adds) {
  static const Multiply sets = best<Transposed, false>(), increments = best<Transposed, true>();
  (adds ? increments : sets)(product);
}

}  // namespace fastbox::models
