// FastBox's targets cell by cell: one source for CPU and GPU. The rules are cell_targets.hpp's.
//
// An image's targets are made in steps: every cell's owner; with "nearest", rectangle by rectangle, a cell for each
// that has none; then every cell's numbers; then the mask under ignored rectangles. Within a step cells may be done in
// any order. Plain functions over memory that the caller owns; no state, so any thread may call them. C++17: no fused
// multiply-add on either side, and the bits are the same.
#pragma once

#include <cmath>
#include <limits>

#include "base/portable.hpp"
#include "data/grid.hpp"
#include "data/plain_rectangle.hpp"

namespace fastbox::data {

struct CellRule {
  Grid grid;
  bool nearest;        ///< else "first"
  bool ignore_border;  ///< cells that touch a positive rectangle without being positive are not judged
  double reach;        ///< pixels
};

constexpr int no_rectangle = -1, no_cell = -1;
constexpr double dontcare_margin = 2;  // pixels by which KittiBox shrinks a DontCare rectangle

/// How one cell and one rectangle lie to each other.
struct Meeting {
  bool touch;     ///< their open areas meet
  double dx, dy;  ///< the rectangle's centre from the cell's, pixels

  FASTBOX_PORTABLE bool within(double reach) const { return dx < reach && -dx < reach && dy < reach && -dy < reach; }
  FASTBOX_PORTABLE double squared_distance() const { return dx * dx + dy * dy; }
};

FASTBOX_PORTABLE Meeting meet(const Grid& grid, int cell, const PlainRectangle& box) {
  const int row = cell / grid.columns, column = cell % grid.columns;
  const double left = grid.stride * column, top = grid.stride * row;
  const double right = left + grid.stride, bottom = top + grid.stride;
  Meeting meeting;
  meeting.touch = (left < box.left ? box.left : left) < (box.right < right ? box.right : right) &&
                  (top < box.top ? box.top : top) < (box.bottom < bottom ? box.bottom : bottom);
  meeting.dx = 0.5 * (box.left + box.right) - 0.5 * (left + right);
  meeting.dy = 0.5 * (box.top + box.bottom) - 0.5 * (top + bottom);
  return meeting;
}

/// The rectangle that a cell stands for, or none; and whether the cell touches any.
struct CellOwner {
  int rectangle;
  bool touched;
};

FASTBOX_PORTABLE CellOwner owner_of_cell(const CellRule& rule, int cell, const PlainRectangle* rectangles, int count) {
  CellOwner owner{no_rectangle, false};
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < count; ++i) {
    if (!rectangles[i].is_positive()) continue;
    const Meeting meeting = meet(rule.grid, cell, rectangles[i]);
    if (!meeting.touch) continue;
    owner.touched = true;
    if (meeting.within(rule.reach) && meeting.squared_distance() < best) {
      owner.rectangle = i;
      best = meeting.squared_distance();
    }
    if (!rule.nearest) break;  // whether positive or not, the cell looks at no other
  }
  return owner;
}

/// How many cells a rectangle owns.
FASTBOX_PORTABLE int count_owned(const int* owners, int cells, int rectangle) {
  int count = 0;
  for (int cell = 0; cell < cells; ++cell) count += owners[cell] == rectangle ? 1 : 0;
  return count;
}

/// A cell that a rectangle might take.
struct Offer {
  double squared_distance;
  int cell;
};

FASTBOX_PORTABLE Offer no_offer() {
  return {std::numeric_limits<double>::infinity(), no_cell};
}

/// The nearer one, of equals the earlier in raster order.
FASTBOX_PORTABLE bool is_better(const Offer& a, const Offer& b) {
  return a.squared_distance < b.squared_distance ||
         (a.squared_distance == b.squared_distance && a.cell != no_cell && (b.cell == no_cell || a.cell < b.cell));
}

/// What a cell is to a rectangle that has none: an offer where its owner keeps at least one other. `owned`: cells of
/// each rectangle.
FASTBOX_PORTABLE Offer offer_of_cell(const CellRule& rule, int cell, const PlainRectangle& box, const int* owners,
                                     const int* owned) {
  const Meeting meeting = meet(rule.grid, cell, box);
  const int owner = owners[cell];
  if (!meeting.touch || !meeting.within(rule.reach) || (owner != no_rectangle && owned[owner] < 2)) return no_offer();
  return {meeting.squared_distance(), cell};
}

FASTBOX_PORTABLE void give_cell(const Offer& offer, int rectangle, int* owners, int* owned) {
  if (offer.cell == no_cell) return;
  int& owner = owners[offer.cell];
  if (owner != no_rectangle) --owned[owner];
  owner = rectangle;
  owned[rectangle] = 1;
}

/// Every number of the cell, as if no rectangle was ignored.
FASTBOX_PORTABLE void write_cell(const CellRule& rule, int cell, const CellOwner& owner,
                                 const PlainRectangle* rectangles, const TargetMaps& out) {
  const Grid& grid = rule.grid;
  const bool is_owned = owner.rectangle != no_rectangle;
  const float counted = rule.ignore_border && !is_owned && owner.touched ? 0.0f : 1.0f;
  for (int k = 0; k < grid.classes; ++k) {
    out.mask[cell * grid.classes + k] = counted;
    out.confidence[cell * grid.classes + k] = is_owned && rectangles[owner.rectangle].object_class == k ? 1.0f : 0.0f;
  }
  out.weight[cell] = is_owned ? 1.0f : 0.0f;
  float* const box = out.box + 4 * cell;
  if (!is_owned) {
    for (int i = 0; i < 4; ++i) box[i] = 0;
    return;
  }
  const PlainRectangle& mine = rectangles[owner.rectangle];
  const Meeting meeting = meet(grid, cell, mine);
  box[0] = static_cast<float>(meeting.dx);
  box[1] = static_cast<float>(meeting.dy);
  box[2] = static_cast<float>(mine.width());
  box[3] = static_cast<float>(mine.height());
}

/// Cells by rows and columns, inclusive; none where left > right or top > bottom.
struct CellWindow {
  int left, right, top, bottom;

  FASTBOX_PORTABLE bool holds(int row, int column) const {
    return row >= top && row <= bottom && column >= left && column <= right;
  }
};

/// KittiBox's cell of a coordinate: truncated towards 0, kept within the grid.
FASTBOX_PORTABLE int kittibox_cell(double pixel, int pixels, int cells) {
  const int cell = static_cast<int>(pixel / pixels * cells);
  return cell < 0 ? 0 : cell > cells - 1 ? cells - 1 : cell;
}

/// The cells under an ignored rectangle.
FASTBOX_PORTABLE CellWindow cells_under(const Grid& grid, const PlainRectangle& box) {
  const int width = grid.columns * grid.stride, height = grid.rows * grid.stride;
  return {kittibox_cell(box.left + dontcare_margin, width, grid.columns),
          kittibox_cell(box.right - dontcare_margin, width, grid.columns),
          kittibox_cell(box.top + dontcare_margin, height, grid.rows),
          kittibox_cell(box.bottom - dontcare_margin, height, grid.rows)};
}

/// 0 for the classes that ignore the rectangle, in one cell under it.
FASTBOX_PORTABLE void mask_cell(const Grid& grid, int cell, const PlainRectangle& box, float* mask) {
  for (int k = 0; k < grid.classes; ++k)
    if (box.is_ignored_for(k)) mask[cell * grid.classes + k] = 0;
}

}  // namespace fastbox::data
