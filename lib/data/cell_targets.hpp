// FastBox's targets: cells of 32 pixels that are positive or not.
//
// A cell touches a rectangle when their open areas meet. Two rules assign cells to positive rectangles.
//
// "first" is KittiBox's: a cell looks at the first positive rectangle in label order that it touches and at
// no other; it is positive if that rectangle's centre is nearer than radius * 32 px in x and in y. A sixth of
// KITTI's rectangles get no cell, hidden behind an earlier one.
//
// "nearest": of the positive rectangles that a cell touches and whose centre is nearer than radius * 32 px in
// x and in y, it takes the one whose centre is nearest (Euclidean; ties: label order). Then each rectangle
// that got no cell, in label order, takes the nearest (ties: raster order) of the cells that it might have
// had from an owner that keeps at least one other; where every owner has but one, it stays without.
//
// A positive cell's confidence is 1 for its rectangle's class and 0 for the others, and its box has weight 1.
//
// The mask is 1 but for the cells under DontCare and ignored rectangles, columns int((x1+2)/W*columns) to
// int((x2-2)/W*columns) inclusive and rows alike (KittiBox's rule), and, with border "ignore", for cells that
// touch a positive rectangle without being positive.
//
// The rules themselves are in cell_targets_kernel.hpp, which a GPU shares.
//
// Immutable: any thread may use it.
#pragma once

#include "data/cell_targets_kernel.hpp"
#include "data/target.hpp"

namespace fastbox::data {

class CellTargets : public TargetMaker {
 public:
  /// Throws Error(usage) for an unknown assignment or border, a radius that is not positive, or a size that
  /// is no multiple of 32.
  CellTargets(const config::TargetSettings& settings, const Grid& grid);

  TargetCounts write(std::span<const Rectangle> rectangles, const TargetSpans& out) const override;

  const CellRule& rule() const { return rule_; }

 private:
  CellRule rule_;
};

/// CellTargets::write of plain memory: fills every element of the maps.
TargetCounts write_cell_targets(const CellRule& rule, std::span<const PlainRectangle> rectangles,
                                const TargetMaps& out);

}  // namespace fastbox::data
