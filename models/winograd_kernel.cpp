#include "models/winograd_kernel.hpp"

#include <algorithm>
#include <limits>

#include "base/vector_clones.hpp"
#include "models/vectors.hpp"

namespace fastbox::models::winograd {
namespace {

constexpr int patch = 6, taps = 3, tile = side;

// The points 0, a, -a, b, -b and infinity.
constexpr float a = 0.625F, a2 = a * a, a3 = a2 * a, b = 1.5F, b2 = b * b, b3 = b2 * b;
// What Lagrange's polynomials are divided by: the product of a point's distances to the other finite ones.
constexpr float over_zero = 1 / (a2 * b2), over_a = 1 / (2 * a2 * (a2 - b2)), over_b = 1 / (2 * b2 * (b2 - a2));

// Each of the following is one direction of a transform: `from` numbers to `to`.

/// B^T d.
struct OfPatch {
  static constexpr int from = patch, to = patch;
  FASTBOX_INLINE static void line(const Floats (&d)[from], Floats (&t)[to]) {
    const Floats even_a = d[4] - b2 * d[2], odd_a = d[3] - b2 * d[1];
    const Floats even_b = d[4] - a2 * d[2], odd_b = d[3] - a2 * d[1];
    t[0] = (d[4] + (a2 * b2) * d[0]) - (a2 + b2) * d[2];
    t[1] = even_a + a * odd_a;
    t[2] = even_a - a * odd_a;
    t[3] = even_b + b * odd_b;
    t[4] = even_b - b * odd_b;
    t[5] = (d[5] + (a2 * b2) * d[1]) - (a2 + b2) * d[3];
  }
};

/// G g.
struct OfKernel {
  static constexpr int from = taps, to = patch;
  FASTBOX_INLINE static void line(const Floats (&g)[from], Floats (&t)[to]) {
    const Floats even_a = over_a * g[0] + (over_a * a2) * g[2], odd_a = (over_a * a) * g[1];
    const Floats even_b = over_b * g[0] + (over_b * b2) * g[2], odd_b = (over_b * b) * g[1];
    t[0] = over_zero * g[0];
    t[1] = even_a + odd_a;
    t[2] = even_a - odd_a;
    t[3] = even_b + odd_b;
    t[4] = even_b - odd_b;
    t[5] = g[2];
  }
};

/// G g of F(3, 4), without its divisors, which ToKernel makes up for.
struct OfGradient {
  static constexpr int from = tile, to = patch;
  FASTBOX_INLINE static void line(const Floats (&g)[from], Floats (&t)[to]) {
    const Floats even_a = g[0] + a2 * g[2], odd_a = g[1] + a2 * g[3];
    const Floats even_b = g[0] + b2 * g[2], odd_b = g[1] + b2 * g[3];
    t[0] = g[0];
    t[1] = even_a + a * odd_a;
    t[2] = even_a - a * odd_a;
    t[3] = even_b + b * odd_b;
    t[4] = even_b - b * odd_b;
    t[5] = g[3];
  }
};

/// A^T m.
struct ToTile {
  static constexpr int from = patch, to = tile;
  FASTBOX_INLINE static void line(const Floats (&m)[from], Floats (&y)[to]) {
    const Floats even_a = m[1] + m[2], odd_a = m[1] - m[2], even_b = m[3] + m[4], odd_b = m[3] - m[4];
    y[0] = m[0] + even_a + even_b;
    y[1] = a * odd_a + b * odd_b;
    y[2] = a2 * even_a + b2 * even_b;
    y[3] = m[5] + a3 * odd_a + b3 * odd_b;
  }
};

/// A^T m of F(3, 4), and OfGradient's divisors.
struct ToKernel {
  static constexpr int from = patch, to = taps;
  FASTBOX_INLINE static void line(const Floats (&m)[from], Floats (&w)[to]) {
    const Floats even_a = over_a * (m[1] + m[2]), odd_a = over_a * (m[1] - m[2]);
    const Floats even_b = over_b * (m[3] + m[4]), odd_b = over_b * (m[3] - m[4]);
    w[0] = over_zero * m[0] + even_a + even_b;
    w[1] = a * odd_a + b * odd_b;
    w[2] = m[5] + a2 * even_a + b2 * even_b;
  }
};

/// The transform of a square in both directions: read(i, j, number) gives it, write(i, j, number) takes the result.
template <typename Line, typename Read, typename Write>
FASTBOX_INLINE void transform(const Read& read, const Write& write) {
  Floats half[Line::from][Line::to];
#pragma GCC unroll 8
  for (int j = 0; j < Line::from; ++j) {
    Floats column[Line::from];
#pragma GCC unroll 8
    for (int i = 0; i < Line::from; ++i) read(i, j, column[i]);
    Line::line(column, half[j]);
  }
#pragma GCC unroll 8
  for (int i = 0; i < Line::to; ++i) {
    Floats row[Line::from], line[Line::to];
#pragma GCC unroll 8
    for (int j = 0; j < Line::from; ++j) row[j] = half[j][i];
    Line::line(row, line);
#pragma GCC unroll 8
    for (int j = 0; j < Line::to; ++j) write(i, j, line[j]);
  }
}

#define FASTBOX_INLINED __attribute__((always_inline))

/// A square of a map's pixels, some of which may lie beyond it.
struct Square {
  const float* data;
  const float* mask;
  std::int64_t row, column;                                     // strides
  std::int64_t first_row, last_row, first_column, last_column;  // that lie within the map
};

template <int size>
FASTBOX_INLINE bool is_whole(const Square& square) {
  return square.first_row == 0 && square.first_column == 0 && square.last_row == size && square.last_column == size;
}

/// Of `size` pixels a side, `halo` before the tile.
FASTBOX_INLINE Square square_of(const Map& map, std::int64_t tile_index, std::int64_t size, std::int64_t halo) {
  const std::int64_t across = (map.width + side - 1) / side;
  const std::int64_t top = tile_index / across * side - halo, left = tile_index % across * side - halo;
  const std::int64_t at = (top * map.width + left) * map.channels;
  return {map.data + at,
          map.mask == nullptr ? nullptr : map.mask + at,
          map.width * map.channels,
          map.channels,
          std::max<std::int64_t>(0, -top),
          std::min(size, map.height - top),
          std::max<std::int64_t>(0, -left),
          std::min(size, map.width - left)};
}

/// `y <= 0` is false for a NaN, whose gradient passes as in LibTorch.
template <bool masks, bool whole>
FASTBOX_INLINE void load_pixel(const Square& from, int i, int j, std::int64_t c, Floats& value) {
  value = Floats{};
  if constexpr (!whole)
    if (i < from.first_row || i >= from.last_row || j < from.first_column || j >= from.last_column) return;
  const std::int64_t at = i * from.row + j * from.column + c;
  load(from.data + at, value);
  if constexpr (masks) {
    Floats passes;
    load(from.mask + at, passes);
    value = passes <= 0 ? Floats{} : value;
  }
}

template <bool masks, bool whole>
FASTBOX_INLINE void transform_patch(const Square& square, std::int64_t channels, const Transformed& to, float* out) {
  for (std::int64_t c = 0; c < channels; c += lanes, out += to.lanes_stride)
    transform<OfPatch>([&](int i, int j, Floats& value)
                           FASTBOX_INLINED { load_pixel<masks, whole>(square, i, j, c, value); },
                       [&](int i, int j, const Floats& value)
                           FASTBOX_INLINED { store(value, out + (i * patch + j) * to.point_stride); });
}

template <bool masks>
FASTBOX_INLINE void transform_all_patches(const Map& map, const Tiles& tiles, const Transformed& to) {
  for (std::int64_t i = 0; i < tiles.count; ++i) {
    const Square square = square_of(map, tiles.first + i, patch, 1);
    float* const out = to.data + i * to.tile_stride;
    if (is_whole<patch>(square))
      transform_patch<masks, true>(square, map.channels, to, out);
    else
      transform_patch<masks, false>(square, map.channels, to, out);
  }
}

template <bool masks, bool whole>
FASTBOX_INLINE void transform_gradient(const Square& square, std::int64_t channels, const Transformed& to, float* out,
                                       float* sums) {
  for (std::int64_t c = 0; c < channels; c += lanes, out += to.lanes_stride) {
    Floats sum = {};
    transform<OfGradient>(
        [&](int i, int j, Floats& value) FASTBOX_INLINED {
          load_pixel<masks, whole>(square, i, j, c, value);
          sum += value;
        },
        [&](int i, int j, const Floats& value)
            FASTBOX_INLINED { store(value, out + (i * patch + j) * to.point_stride); });
    store(sum, sums + c);
  }
}

template <bool masks>
FASTBOX_INLINE void transform_all_gradients(const Map& map, const Tiles& tiles, const Transformed& to, float* sums) {
  for (std::int64_t i = 0; i < tiles.count; ++i) {
    const Square square = square_of(map, tiles.first + i, tile, 0);
    float *const out = to.data + i * to.tile_stride, *const sum = sums + i * map.channels;
    if (is_whole<tile>(square))
      transform_gradient<masks, true>(square, map.channels, to, out, sum);
    else
      transform_gradient<masks, false>(square, map.channels, to, out, sum);
  }
}

/// g[tap][r][c] -> g[tap][c][r].
FASTBOX_INLINE void transpose(Floats (&rows)[lanes]) {
#pragma GCC unroll 4
  for (int round = 0; round < 3; ++round) {  // each a perfect shuffle of the 64 numbers
    Floats shuffled[lanes];
#pragma GCC unroll 4
    for (int i = 0; i < lanes / 2; ++i) {
      const Floats &upper = rows[i], &lower = rows[i + lanes / 2];
      shuffled[2 * i] = __builtin_shufflevector(upper, lower, 0, 8, 1, 9, 2, 10, 3, 11);
      shuffled[2 * i + 1] = __builtin_shufflevector(upper, lower, 4, 12, 5, 13, 6, 14, 7, 15);
    }
#pragma GCC unroll 8
    for (int i = 0; i < lanes; ++i) rows[i] = shuffled[i];
  }
}

/// Rows are channels in, which lie next to each other: squares of 8 x 8 channels are turned.
FASTBOX_INLINE void transform_forward(const float* kernel, const KernelSize& size, std::int64_t panel, float* to) {
  const std::int64_t width = width_of_panel(size.out, panel), point_stride = size.in * width;
  for (std::int64_t row = 0; row < size.in; row += lanes)
    for (std::int64_t column = 0; column < width; column += lanes) {
      Floats of_tap[taps * taps][lanes];
      for (int tap = 0; tap < taps * taps; ++tap) {
        Floats square[lanes];
#pragma GCC unroll 8
        for (int i = 0; i < lanes; ++i)
          load(kernel + ((panel * panel_width + column + i) * taps * taps + tap) * size.in + row, square[i]);
        transpose(square);
#pragma GCC unroll 8
        for (int i = 0; i < lanes; ++i) of_tap[tap][i] = square[i];
      }
      for (int i = 0; i < lanes; ++i)
        transform<OfKernel>([&](int y, int x, Floats& value) FASTBOX_INLINED { value = of_tap[y * taps + x][i]; },
                            [&](int y, int x, const Floats& value) FASTBOX_INLINED {
                              store(value, to + (y * patch + x) * point_stride + (row + i) * width + column);
                            });
    }
}

FASTBOX_INLINE void transform_backward(const float* kernel, const KernelSize& size, std::int64_t panel, float* to) {
  const std::int64_t width = width_of_panel(size.in, panel), point_stride = size.out * width;
  for (std::int64_t row = 0; row < size.out; ++row)
    for (std::int64_t column = 0; column < width; column += lanes) {
      const float* const from = kernel + row * taps * taps * size.in + panel * panel_width + column;
      transform<OfKernel>(
          [&](int y, int x, Floats& value)
              FASTBOX_INLINED { load(from + ((taps - 1 - y) * taps + (taps - 1 - x)) * size.in, value); },
          [&](int y, int x, const Floats& value)
              FASTBOX_INLINED { store(value, to + (y * patch + x) * point_stride + row * width + column); });
    }
}

template <bool whole>
FASTBOX_INLINE void gather_tile(const float* products, std::int64_t point_stride, std::int64_t columns,
                                const float* bias, const Floats& least, const Square& square, float* to) {
  for (std::int64_t c = 0; c < columns; c += lanes) {
    Floats added = {};
    if (bias != nullptr) load(bias + c, added);
    transform<ToTile>([&](int i, int j, Floats& value)
                          FASTBOX_INLINED { load(products + (i * patch + j) * point_stride + c, value); },
                      [&](int i, int j, const Floats& value) FASTBOX_INLINED {
                        if constexpr (!whole)
                          if (i >= square.last_row || j >= square.last_column) return;
                        const Floats sum = value + added;
                        store(sum < least ? least : sum, to + i * square.row + j * square.column + c);
                      });
  }
}

}  // namespace

FASTBOX_FUSED_CLONES void transform_kernel(const float* kernel, const KernelSize& size, bool backward,
                                           std::int64_t panel, float* to) {
  if (backward)
    transform_backward(kernel, size, panel, to);
  else
    transform_forward(kernel, size, panel, to);
}

FASTBOX_FUSED_CLONES void transform_patches(const Map& map, const Tiles& tiles, const Transformed& to) {
  if (map.mask != nullptr)
    transform_all_patches<true>(map, tiles, to);
  else
    transform_all_patches<false>(map, tiles, to);
}

FASTBOX_FUSED_CLONES void gather_tiles(const float* products, std::int64_t tile_stride, const Tiles& tiles,
                                       std::int64_t panel, const Finish& finish, std::int64_t height,
                                       std::int64_t width, std::int64_t channels, float* to) {
  const std::int64_t first_channel = panel * panel_width;
  const Map map = {to, nullptr, height, width, channels};
  const float* const bias = finish.bias == nullptr ? nullptr : finish.bias + first_channel;
  const Floats least = Floats{} + (finish.activate ? 0 : -std::numeric_limits<float>::infinity());
  for (std::int64_t i = 0; i < tiles.count; ++i) {
    const Square square = square_of(map, tiles.first + i, tile, 0);
    float* const at = to + (square.data - to) + first_channel;
    const float* const from = products + i * tile_stride;
    if (is_whole<tile>(square))
      gather_tile<true>(from, panel_width, width_of_panel(channels, panel), bias, least, square, at);
    else
      gather_tile<false>(from, panel_width, width_of_panel(channels, panel), bias, least, square, at);
  }
}

FASTBOX_FUSED_CLONES void transform_gradients(const Map& gradient, const Tiles& tiles, const Transformed& to,
                                              float* sums) {
  if (gradient.mask != nullptr)
    transform_all_gradients<true>(gradient, tiles, to, sums);
  else
    transform_all_gradients<false>(gradient, tiles, to, sums);
}

FASTBOX_FUSED_CLONES void gather_kernel(const float* products, std::int64_t point_stride, std::int64_t in, bool adds,
                                        float* to) {
  for (std::int64_t c = 0; c < in; c += lanes)
    transform<ToKernel>([&](int i, int j, Floats& value)
                            FASTBOX_INLINED { load(products + (i * patch + j) * point_stride + c, value); },
                        [&](int i, int j, const Floats& value) FASTBOX_INLINED {
                          float* const at = to + (i * taps + j) * in + c;
                          Floats before = {};
                          if (adds) load(at, before);
                          store(before + value, at);
                        });
}

}  // namespace fastbox::models::winograd
