#include "data/center_targets.hpp"

#include <algorithm>
#include <vector>

#include "data/center_targets_kernel.hpp"

namespace fastbox::data {
namespace {

/// work(row, column) for every cell of a window.
template <typename Work>
void for_cells(const CellWindow& window, const Work& work) {
  for (int row = window.top; row <= window.bottom; ++row)
    for (int column = window.left; column <= window.right; ++column) work(row, column);
}

}  // namespace

TargetCounts CenterTargets::write(std::span<const Rectangle> rectangles, const TargetSpans& out) const {
  std::vector<PlainRectangle> all;
  for (const auto& rectangle : rectangles) all.push_back(plain(rectangle));
  return write_center_targets(grid(), all, out.maps());
}

TargetCounts write_center_targets(const Grid& grid, std::span<const PlainRectangle> rectangles, const TargetMaps& out) {
  const int count = static_cast<int>(rectangles.size());
  for (int cell = 0; cell < grid.cells(); ++cell) clear_cell(grid, cell, out);
  for (const PlainRectangle& rectangle : rectangles)
    if (rectangle.ignored_for != 0)
      for_cells(cells_inside(grid, rectangle),
                [&](int row, int column) { mask_cell(grid, row * grid.columns + column, rectangle, out.mask); });

  TargetCounts counts;
  std::vector<CenterOwner> owners(static_cast<std::size_t>(grid.cells()), no_center_owner());
  for (int number = 0; number < count; ++number) {
    const PlainRectangle& rectangle = rectangles[static_cast<std::size_t>(number)];
    if (!has_peak(rectangle)) continue;
    ++counts.rectangles;
    const Peak peak = peak_of(grid, rectangle);
    for_cells(peak.window, [&](int row, int column) {
      CenterOwner& owner = owners[static_cast<std::size_t>(row * grid.columns + column)];
      put_peak(grid, row, column, rectangles.data(), number, peak, owner, out);
    });
  }
  std::vector<char> has_cell(rectangles.size(), 0);
  for (const CenterOwner& owner : owners) {
    if (owner.rectangle == no_rectangle) continue;
    ++counts.cells;
    has_cell[static_cast<std::size_t>(owner.rectangle)] = 1;
  }
  counts.without_cell = counts.rectangles - static_cast<int>(std::count(has_cell.begin(), has_cell.end(), 1));
  return counts;
}

}  // namespace fastbox::data
