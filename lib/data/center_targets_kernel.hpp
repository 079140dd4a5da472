// The center decoder's targets peak by peak and cell by cell: one source for CPU and GPU. The rules are
// center_targets.hpp's.
//
// An image's targets are made in steps: every rectangle's peak; then for every cell, in label order, the mask under
// ignored rectangles, and after it the peaks that reach the cell. Different cells may be done in any order.
// Plain functions over memory that the caller owns; no state, so any thread may call them. C++17. exp and log are the
// libraries' of each side: the last bit of a double may differ, and hardly ever that of a float.
#pragma once

#include <cmath>
#include <limits>

#include "base/portable.hpp"
#include "data/cell_targets_kernel.hpp"

namespace fastbox::data {

constexpr double window_share = 0.54;  // of the rectangle's width and height

/// The cells that a rectangle's centre reaches, and what they count for.
struct Peak {
  int row, column;  ///< of the centre
  int reach_x, reach_y;
  CellWindow window;  ///< within the grid
  double area;        ///< of the rectangle, pixels
  double scale;       ///< a height times it is the box's weight

  /// 1 at the centre's cell.
  FASTBOX_PORTABLE double height_at(int i, int j) const {
    const double sx = (2 * reach_x + 1) / 6.0, sy = (2 * reach_y + 1) / 6.0;
    const double x = (j - column) / sx, y = (i - row) / sy;
    return std::exp(-0.5 * (x * x + y * y));
  }
};

/// The cell of a coordinate, kept within the grid.
FASTBOX_PORTABLE int cell_of(double pixel, int stride, int cells) {
  const int cell = static_cast<int>(std::floor(pixel / stride));
  return cell < 0 ? 0 : cell > cells - 1 ? cells - 1 : cell;
}

/// The window's part that lies in the grid.
FASTBOX_PORTABLE CellWindow within_grid(const Grid& grid, const CellWindow& window) {
  return {window.left < 0 ? 0 : window.left, window.right > grid.columns - 1 ? grid.columns - 1 : window.right,
          window.top < 0 ? 0 : window.top, window.bottom > grid.rows - 1 ? grid.rows - 1 : window.bottom};
}

/// Only a positive rectangle with an area has a peak.
FASTBOX_PORTABLE bool has_peak(const PlainRectangle& box) {
  return box.is_positive() && box.width() * box.height() > 0;
}

FASTBOX_PORTABLE Peak peak_of(const Grid& grid, const PlainRectangle& box) {
  Peak peak;
  peak.column = cell_of(0.5 * (box.left + box.right), grid.stride, grid.columns);
  peak.row = cell_of(0.5 * (box.top + box.bottom), grid.stride, grid.rows);
  peak.reach_x = static_cast<int>(window_share * box.width() / grid.stride / 2);
  peak.reach_y = static_cast<int>(window_share * box.height() / grid.stride / 2);
  peak.window = within_grid(
      grid, {peak.column - peak.reach_x, peak.column + peak.reach_x, peak.row - peak.reach_y, peak.row + peak.reach_y});
  peak.area = box.width() * box.height();
  double sum = 0;
  for (int i = peak.window.top; i <= peak.window.bottom; ++i)
    for (int j = peak.window.left; j <= peak.window.right; ++j) sum += peak.height_at(i, j);
  peak.scale = std::log(peak.area < 2.0 ? 2.0 : peak.area) / sum;
  return peak;
}

/// Of which object a cell has the box.
struct CenterOwner {
  int rectangle;
  double area;
};

FASTBOX_PORTABLE CenterOwner no_center_owner() {
  return {no_rectangle, std::numeric_limits<double>::infinity()};
}

/// A cell that no rectangle reaches.
FASTBOX_PORTABLE void clear_cell(const Grid& grid, int cell, const TargetMaps& out) {
  for (int k = 0; k < grid.classes; ++k)
    out.confidence[cell * grid.classes + k] = 0, out.mask[cell * grid.classes + k] = 1;
  for (int i = 0; i < 4; ++i) out.box[4 * cell + i] = 0;
  out.weight[cell] = 0;
}

/// The cells whose centre is inside.
FASTBOX_PORTABLE CellWindow cells_inside(const Grid& grid, const PlainRectangle& box) {
  return within_grid(grid, {static_cast<int>(std::ceil(box.left / grid.stride - 0.5)),
                            static_cast<int>(std::floor(box.right / grid.stride - 0.5)),
                            static_cast<int>(std::ceil(box.top / grid.stride - 0.5)),
                            static_cast<int>(std::floor(box.bottom / grid.stride - 0.5))});
}

/// Into a cell of the peak's window, after the peaks of the rectangles before. The box is the smaller rectangle's, of
/// two equal ones the later's.
FASTBOX_PORTABLE void put_peak(const Grid& grid, int i, int j, const PlainRectangle* rectangles, int number,
                               const Peak& peak, CenterOwner& owner, const TargetMaps& out) {
  const PlainRectangle& box = rectangles[number];
  const int cell = i * grid.columns + j, of_class = cell * grid.classes + static_cast<int>(box.object_class);
  const double height = peak.height_at(i, j);
  const float as_float = static_cast<float>(height);
  if (out.confidence[of_class] < as_float) out.confidence[of_class] = as_float;
  if (i == peak.row && j == peak.column) out.mask[of_class] = 1;
  if (!(peak.area <= owner.area)) return;
  owner = {number, peak.area};
  out.weight[cell] = static_cast<float>(peak.scale * height);
  float* const to = out.box + 4 * cell;
  to[0] = static_cast<float>(0.5 * (box.left + box.right) - (j + 0.5) * grid.stride);
  to[1] = static_cast<float>(0.5 * (box.top + box.bottom) - (i + 0.5) * grid.stride);
  to[2] = static_cast<float>(box.width());
  to[3] = static_cast<float>(box.height());
}

}  // namespace fastbox::data
