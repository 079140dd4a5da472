// The center decoder's targets: a map of object centres for each class, and a box for the cells around each.
//
// A positive rectangle of w x h cells puts a peak on the cell that holds its centre: exp(-dx^2 / 2 sx^2 - dy^2 / 2 sy^2)
// with dx, dy in cells, over a window of +-rx, +-ry cells, rx = floor(0.54 w / 2), sx = (2 rx + 1) / 6, and y alike; where
// peaks of one class meet, the higher counts. The cells of the window also learn the box; where windows meet, the smaller
// rectangle's. Such a cell's weight is log(area in pixels) times its share of the sum of its rectangle's window, so that a
// large object, of many cells, counts little more than a small one.
// Source: Liu et al. 2020, "Training-Time-Friendly Network for Real-Time Object Detection" (TTFNet); Zhou et al. 2019,
// "Objects as Points", for the map.
//
// The mask is 0 for the classes that ignore a rectangle, in the cells whose centre is inside it, but for peaks' cells.
//
// The rules themselves are in center_targets_kernel.hpp, which a GPU shares.
//
// Immutable: any thread may use it.
#pragma once

#include "data/target.hpp"

namespace fastbox::data {

class CenterTargets : public TargetMaker {
 public:
  explicit CenterTargets(const Grid& grid) : TargetMaker(grid) {}

  TargetCounts write(std::span<const Rectangle> rectangles, const TargetSpans& out) const override;
};

/// CenterTargets::write of plain memory: fills every element of the maps.
TargetCounts write_center_targets(const Grid& grid, std::span<const PlainRectangle> rectangles, const TargetMaps& out);

}  // namespace fastbox::data
