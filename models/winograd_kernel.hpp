// 3x3 convolutions of stride 1 and padding 1 by Winograd's minimal filtering, F(4x4, 3x3), on a CPU in fp32: the steps
// of which models/winograd.cpp makes a layer's three products.
//
// A map is cut into tiles of 4x4 pixels. A tile's 6x6 patch d of the input, a kernel g and the tile's output y obey y =
// A^T [(G g G^T) . (B^T d B)] A with . the product element by element (Winograd 1980; Lavin, Gray 2016): at each of 36
// points, channels in times channels out multiplications a tile instead of four times as many. The kernel's gradient is
// the like form with the output's gradient as the kernel, F(3x3, 4x4). The interpolation points are 0, +-5/8, +-3/2 and
// infinity: of those with few bits, the ones whose rounding error was smallest, half that of the usual 0, +-1, +-2.
//
// Maps and kernels are channels-last. Plain functions over memory that the caller owns; no state, so any thread may
// call them on different tiles. A tile's numbers depend on its patch alone, so they have the same bits however tiles
// are shared out. They differ between processors with and without fused multiply-adds, as oneDNN's do.
#pragma once

#include <cstdint>

#include "models/maps.hpp"

namespace fastbox::models::winograd {

constexpr std::int64_t side = 4;          ///< pixels of a tile
constexpr std::int64_t points = 36;       ///< products a tile
constexpr std::int64_t panel_width = 32;  ///< columns of a transformed kernel that lie together

/// One image's maps, and with `mask` a gradient that passes only where that map is above 0.
struct Map {
  const float* data = nullptr;
  const float* mask = nullptr;  ///< may be null
  std::int64_t height = 0, width = 0;
  std::int64_t channels = 0;  ///< a multiple of lanes
};

/// Tiles in rows, the last of a row or column reaching beyond the map where 4 does not divide it.
inline std::int64_t tiles_of(std::int64_t height, std::int64_t width) {
  return (height + side - 1) / side * ((width + side - 1) / side);
}

struct Tiles {
  std::int64_t first = 0, count = 0;
};

/// Where transformed tiles lie: lanes channels together; strides in floats.
struct Transformed {
  float* data = nullptr;
  std::int64_t point_stride = 0, tile_stride = 0, lanes_stride = 0;
};

/// The columns of a transformed kernel's panel.
inline std::int64_t width_of_panel(std::int64_t columns, std::int64_t panel) {
  const std::int64_t left = columns - panel * panel_width;
  return left < panel_width ? left : panel_width;
}

struct KernelSize {
  std::int64_t out = 0, in = 0;  ///< channels, multiples of lanes
};

/// G g G^T for the panel's columns: 36 x rows x width_of_panel floats. Rows are channels in, columns channels out; with
/// `backward` the kernel is that of the input's gradient: flipped, and rows are channels out.
void transform_kernel(const float* kernel, const KernelSize& size, bool backward, std::int64_t panel, float* to);

/// B^T d B of each tile's patch; pixels beyond the map count as 0.
void transform_patches(const Map& map, const Tiles& tiles, const Transformed& to);

/// A bias and a ReLU after the convolution.
struct Finish {
  const float* bias = nullptr;  ///< channels out; may be null
  bool activate = false;
};

/// A^T m A of the panel's products, tile by tile, to the map of `channels` at `to`. `products`: of each tile 36 x
/// panel_width, tile_stride floats apart. A NaN stays one through the ReLU.
void gather_tiles(const float* products, std::int64_t tile_stride, const Tiles& tiles, std::int64_t panel,
                  const Finish& finish, std::int64_t height, std::int64_t width, std::int64_t channels, float* to);

/// The transform of each tile's 4x4 gradients for the kernel's gradient, and their sum over the tile to `sums` (tiles x
/// channels).
void transform_gradients(const Map& gradient, const Tiles& tiles, const Transformed& to, float* sums);

/// One channel out's gradient of the kernel, 3x3 x in, from its 36 rows of products, `point_stride` floats apart.
/// `adds`: to what `to` holds.
void gather_kernel(const float* products, std::int64_t point_stride, std::int64_t in, bool adds, float* to);

}  // namespace fastbox::models::winograd
