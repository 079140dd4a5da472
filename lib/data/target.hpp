// What the network is asked to say about a frame: for each cell of the grid whether it holds an object, the
// object's box, and whether the cell counts in the loss.
//
// A TargetMaker is immutable: any thread may use it. All coordinates are pixels of the network's input.
//
// The grid has a cell each 32 px; the centre of cell (row i, column j) is (32j + 16, 32i + 16). A cell
// touches a rectangle when their open areas meet. Two rules assign cells to positive rectangles.
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
// The mask is 1 but for the cells under DontCare and ignored rectangles, columns int((x1+2)/W*columns) to
// int((x2-2)/W*columns) inclusive and rows alike (KittiBox's rule), and, with border "ignore", for cells that
// touch a positive rectangle without being positive.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"
#include "io/kitti_label.hpp"

namespace fastbox::data {

struct Grid {
  static constexpr int stride = 32;  ///< pixels
  int columns = 0, rows = 0;
  int cells() const { return columns * rows; }
};

/// Throws Error(usage) where width or height is no positive multiple of 32.
Grid grid_of(int width, int height);

enum class Role { positive, ignored, background };

/// A rectangle in the network's pixels.
struct Rectangle {
  io::Box box;
  Role role = Role::background;
};

/// Where one image's targets are written; row-major, cells() numbers (box: 4 a cell).
struct TargetSpans {
  std::span<float> confidence;  ///< [rows][columns] 1 positive, 0 not
  std::span<float> box;         ///< [rows][columns][4] dx, dy of the rectangle's centre from the cell's; width,
                                ///< height; 0 if not positive
  std::span<float> mask;        ///< [rows][columns] 1 counts in the confidence losses, 0 does not
};

struct TargetCounts {
  int rectangles = 0;    ///< positive ones
  int without_cell = 0;  ///< of them, those that no cell stands for
  int cells = 0;         ///< positive cells
};

class TargetMaker {
 public:
  /// Throws Error(usage) for an unknown assignment or border, a radius that is not positive, or a size that
  /// is no multiple of 32.
  TargetMaker(const config::TargetSettings& settings, int width, int height);

  const Grid& grid() const { return grid_; }

  /// What an object of the type is: positive, ignored (DontCare always), or background. Case does not matter.
  Role role_of(std::string_view type) const;

  /// Fills every element of the spans. Requires spans of the grid's size.
  TargetCounts write(std::span<const Rectangle> rectangles, const TargetSpans& out) const;

 private:
  int width_, height_;
  Grid grid_;
  std::vector<std::string> positives_, ignored_;  // lower case
  bool nearest_, ignore_border_;
  double reach_;  // pixels
};

}  // namespace fastbox::data
