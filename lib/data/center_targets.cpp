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

/// clear_cell() of all cells, map by map.
void clear_cells(const Grid& grid, const TargetMaps& out) {
  const auto cells = static_cast<std::size_t>(grid.cells()),
             of_classes = cells * static_cast<std::size_t>(grid.classes);
  std::fill_n(out.confidence, of_classes, 0.0f);
  std::fill_n(out.mask, of_classes, 1.0f);
  std::fill_n(out.box, 4 * cells, 0.0f);
  std::fill_n(out.weight, cells, 0.0f);
}

}  // namespace

TargetCounts CenterTargets::write(std::span<const Rectangle> rectangles, const TargetSpans& out) const {
  std::vector<PlainRectangle> all;
  for (const auto& rectangle : rectangles) all.push_back(plain(rectangle));
  return write_center_targets(grid(), all, out.maps());
}

TargetCounts write_center_targets(const Grid& grid, std::span<const PlainRectangle> rectangles, const TargetMaps& out) {
  // Most cells are in no window: whatever is done for all of them is done with as little as possible.
  thread_local std::vector<CenterOwner> owners;  // no_center_owner() in all of them, between two images
  const auto cells = static_cast<std::size_t>(grid.cells());
  if (owners.size() < cells) owners.resize(cells, no_center_owner());
  const auto owner_of = [&grid](int row, int column) -> CenterOwner& {
    return owners[static_cast<std::size_t>(row * grid.columns + column)];
  };
  clear_cells(grid, out);
  for (const PlainRectangle& rectangle : rectangles)
    if (rectangle.ignored_for != 0)
      for_cells(cells_inside(grid, rectangle),
                [&](int row, int column) { mask_cell(grid, row * grid.columns + column, rectangle, out.mask); });

  TargetCounts counts;
  std::vector<CellWindow> windows;  // of the peaks
  std::vector<char> has_cell(rectangles.size(), 0);
  windows.reserve(rectangles.size());
  for (int number = 0; number < static_cast<int>(rectangles.size()); ++number) {
    const PlainRectangle& rectangle = rectangles[static_cast<std::size_t>(number)];
    if (!has_peak(rectangle)) continue;
    ++counts.rectangles;
    const Peak peak = peak_of(grid, rectangle);
    for_cells(peak.window, [&](int row, int column) {
      put_peak(grid, row, column, rectangles.data(), number, peak, owner_of(row, column), out);
    });
    windows.push_back(peak.window);
  }
  for (const CellWindow& window : windows)
    for_cells(window, [&](int row, int column) {
      CenterOwner& owner = owner_of(row, column);
      if (owner.rectangle == no_rectangle) return;  // counted in another window
      ++counts.cells;
      has_cell[static_cast<std::size_t>(owner.rectangle)] = 1;
      owner = no_center_owner();
    });
  counts.without_cell = counts.rectangles - static_cast<int>(std::count(has_cell.begin(), has_cell.end(), 1));
  return counts;
}

}  // namespace fastbox::data
