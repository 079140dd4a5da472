#include "data/center_targets.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace fastbox::data {
namespace {

constexpr double window_share = 0.54;  // of the rectangle's width and height

double area(const io::Box& box) {
  return box.width() * box.height();
}

/// The cells that a rectangle's centre reaches.
struct Window {
  int column = 0, row = 0;  ///< of the centre
  int reach_x = 0, reach_y = 0;
  int left, right, top, bottom;  ///< columns and rows, inclusive, within the grid

  Window(const Grid& grid, const io::Box& box)
      : column(cell_of(0.5 * (box.left + box.right), grid.stride, grid.columns)),
        row(cell_of(0.5 * (box.top + box.bottom), grid.stride, grid.rows)),
        reach_x(static_cast<int>(window_share * box.width() / grid.stride / 2)),
        reach_y(static_cast<int>(window_share * box.height() / grid.stride / 2)),
        left(std::max(column - reach_x, 0)),
        right(std::min(column + reach_x, grid.columns - 1)),
        top(std::max(row - reach_y, 0)),
        bottom(std::min(row + reach_y, grid.rows - 1)) {}

  /// 1 at the centre's cell.
  double height_at(int i, int j) const {
    const double sx = (2 * reach_x + 1) / 6.0, sy = (2 * reach_y + 1) / 6.0;
    const double x = (j - column) / sx, y = (i - row) / sy;
    return std::exp(-0.5 * (x * x + y * y));
  }

  double sum() const {
    double total = 0;
    for (int i = top; i <= bottom; ++i)
      for (int j = left; j <= right; ++j) total += height_at(i, j);
    return total;
  }

 private:
  static int cell_of(double pixel, int stride, int cells) {
    return std::clamp(static_cast<int>(std::floor(pixel / stride)), 0, cells - 1);
  }
};

void write_mask(const Grid& grid, const Rectangle& rectangle, std::span<float> mask) {
  if (rectangle.role != Role::ignored && rectangle.ignored_for == 0) return;
  const auto first = [&](double pixel) { return std::max(static_cast<int>(std::ceil(pixel / grid.stride - 0.5)), 0); };
  const auto last = [&](double pixel, int cells) {
    return std::min(static_cast<int>(std::floor(pixel / grid.stride - 0.5)), cells - 1);
  };
  const io::Box& box = rectangle.box;
  for (int i = first(box.top); i <= last(box.bottom, grid.rows); ++i)
    for (int j = first(box.left); j <= last(box.right, grid.columns); ++j)
      for (int k = 0; k < grid.classes; ++k)
        if (rectangle.is_ignored_for(k)) mask[static_cast<std::size_t>((i * grid.columns + j) * grid.classes + k)] = 0;
}

}  // namespace

TargetCounts CenterTargets::write(std::span<const Rectangle> rectangles, const TargetSpans& out) const {
  std::fill(out.confidence.begin(), out.confidence.end(), 0.0f);
  std::fill(out.box.begin(), out.box.end(), 0.0f);
  std::fill(out.weight.begin(), out.weight.end(), 0.0f);
  std::fill(out.mask.begin(), out.mask.end(), 1.0f);
  for (const auto& rectangle : rectangles) write_mask(grid(), rectangle, out.mask);

  std::vector<const Rectangle*> order;  // the largest first: the smaller ones' boxes go over it
  for (const auto& rectangle : rectangles)
    if (rectangle.role == Role::positive && area(rectangle.box) > 0) order.push_back(&rectangle);
  std::stable_sort(order.begin(), order.end(),
                   [](const Rectangle* a, const Rectangle* b) { return area(a->box) > area(b->box); });

  TargetCounts counts;
  counts.rectangles = static_cast<int>(order.size());
  std::vector<int> owner(static_cast<std::size_t>(grid().cells()), -1);
  for (int number = 0; number < counts.rectangles; ++number) {
    const Rectangle& rectangle = *order[static_cast<std::size_t>(number)];
    const io::Box& box = rectangle.box;
    const Window window(grid(), box);
    const double scale = std::log(std::max(area(box), 2.0)) / window.sum();
    for (int i = window.top; i <= window.bottom; ++i) {
      for (int j = window.left; j <= window.right; ++j) {
        const auto cell = static_cast<std::size_t>(i * grid().columns + j);
        const double height = window.height_at(i, j);
        const std::size_t of_class =
            cell * static_cast<std::size_t>(grid().classes) + static_cast<std::size_t>(rectangle.object_class);
        out.confidence[of_class] = std::max(out.confidence[of_class], static_cast<float>(height));
        if (i == window.row && j == window.column) out.mask[of_class] = 1;
        owner[cell] = number;
        out.weight[cell] = static_cast<float>(scale * height);
        out.box[4 * cell] = static_cast<float>(0.5 * (box.left + box.right) - (j + 0.5) * grid().stride);
        out.box[4 * cell + 1] = static_cast<float>(0.5 * (box.top + box.bottom) - (i + 0.5) * grid().stride);
        out.box[4 * cell + 2] = static_cast<float>(box.width());
        out.box[4 * cell + 3] = static_cast<float>(box.height());
      }
    }
  }
  counts.cells = static_cast<int>(std::count_if(owner.begin(), owner.end(), [](int number) { return number >= 0; }));
  std::vector<char> has_cell(order.size(), 0);
  for (const int number : owner)
    if (number >= 0) has_cell[static_cast<std::size_t>(number)] = 1;
  counts.without_cell = static_cast<int>(std::count(has_cell.begin(), has_cell.end(), 0));
  return counts;
}

}  // namespace fastbox::data
