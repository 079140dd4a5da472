// Targets as cell_targets.hpp and center_targets.hpp word them, rectangle by rectangle: what the kernels are held
// against.
//
// Test processes only; no state.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "data/target.hpp"

namespace fastbox::test {

struct PlainTargets {
  std::vector<float> confidence, box, weight, mask;

  explicit PlainTargets(const data::Grid& grid)
      : confidence(static_cast<std::size_t>(grid.cells() * grid.classes), 0),
        box(static_cast<std::size_t>(4 * grid.cells()), 0),
        weight(static_cast<std::size_t>(grid.cells()), 0),
        mask(confidence.size(), 1) {}
  data::TargetSpans spans() { return {confidence, box, weight, mask}; }
  bool operator==(const PlainTargets&) const = default;
};

inline double cell_distance(const data::Grid& grid, int cell, const io::Box& box, double reach, bool& touches) {
  const double left = cell % grid.columns * grid.stride, top = cell / grid.columns * grid.stride;
  const double right = left + grid.stride, bottom = top + grid.stride;
  touches =
      std::max(left, box.left) < std::min(right, box.right) && std::max(top, box.top) < std::min(bottom, box.bottom);
  const double dx = 0.5 * (box.left + box.right) - 0.5 * (left + right),
               dy = 0.5 * (box.top + box.bottom) - 0.5 * (top + bottom);
  if (!touches || std::abs(dx) >= reach || std::abs(dy) >= reach) return std::numeric_limits<double>::infinity();
  return dx * dx + dy * dy;
}

/// The owner of each cell among the positive rectangles, or -1; and whether it touches any.
struct PlainOwners {
  std::vector<int> owner;
  std::vector<bool> touched;
};

inline PlainOwners plain_owners(const data::Grid& grid, const std::vector<io::Box>& boxes, double reach, bool nearest) {
  const auto cells = static_cast<std::size_t>(grid.cells());
  PlainOwners result{std::vector<int>(cells, -1), std::vector<bool>(cells, false)};
  std::vector<int> owned(boxes.size(), 0);
  const double infinite = std::numeric_limits<double>::infinity();
  for (std::size_t cell = 0; cell < cells; ++cell) {
    double best = infinite;
    for (std::size_t b = 0; b < boxes.size(); ++b) {
      bool touches = false;
      const double distance = cell_distance(grid, static_cast<int>(cell), boxes[b], reach, touches);
      if (!touches) continue;
      result.touched[cell] = true;
      if (distance < best) result.owner[cell] = static_cast<int>(b), best = distance;
      if (!nearest) break;
    }
    if (result.owner[cell] >= 0) ++owned[static_cast<std::size_t>(result.owner[cell])];
  }
  for (std::size_t b = 0; nearest && b < boxes.size(); ++b) {
    if (owned[b] != 0) continue;
    double best = infinite;
    std::size_t where = cells;
    for (std::size_t cell = 0; cell < cells; ++cell) {
      bool touches = false;
      const double distance = cell_distance(grid, static_cast<int>(cell), boxes[b], reach, touches);
      const int holder = result.owner[cell];
      if (distance >= best || (holder >= 0 && owned[static_cast<std::size_t>(holder)] < 2)) continue;
      best = distance, where = cell;
    }
    if (where == cells) continue;
    if (result.owner[where] >= 0) --owned[static_cast<std::size_t>(result.owner[where])];
    result.owner[where] = static_cast<int>(b);
    owned[b] = 1;
  }
  return result;
}

inline void plain_mask(const data::Grid& grid, const data::Rectangle& rectangle, int left, int right, int top,
                       int bottom, std::vector<float>& mask) {
  for (int i = top; i <= bottom; ++i)
    for (int j = left; j <= right; ++j)
      for (int k = 0; k < grid.classes; ++k)
        if (rectangle.is_ignored_for(k)) mask[static_cast<std::size_t>((i * grid.columns + j) * grid.classes + k)] = 0;
}

inline PlainTargets plain_cell_targets(const std::vector<data::Rectangle>& rectangles, const data::Grid& grid,
                                       double reach, bool nearest, bool ignore_border) {
  PlainTargets out(grid);
  std::vector<io::Box> boxes;
  std::vector<int> classes;
  for (const auto& one : rectangles)
    if (one.role == data::Role::positive) boxes.push_back(one.box), classes.push_back(one.object_class);
  const PlainOwners owners = plain_owners(grid, boxes, reach, nearest);
  for (int i = 0; i < grid.rows; ++i)
    for (int j = 0; j < grid.columns; ++j) {
      const auto cell = static_cast<std::size_t>(i * grid.columns + j);
      const auto depth = static_cast<std::size_t>(grid.classes);
      const int owner = owners.owner[cell];
      if (owner < 0) {
        if (ignore_border && owners.touched[cell])
          std::fill_n(out.mask.begin() + static_cast<std::ptrdiff_t>(cell * depth), depth, 0.0f);
        continue;
      }
      const io::Box& box = boxes[static_cast<std::size_t>(owner)];
      out.weight[cell] = 1;
      out.confidence[cell * depth + static_cast<std::size_t>(classes[static_cast<std::size_t>(owner)])] = 1;
      const double left = j * grid.stride, top = i * grid.stride;
      out.box[4 * cell] = static_cast<float>(0.5 * (box.left + box.right) - 0.5 * (left + (left + grid.stride)));
      out.box[4 * cell + 1] = static_cast<float>(0.5 * (box.top + box.bottom) - 0.5 * (top + (top + grid.stride)));
      out.box[4 * cell + 2] = static_cast<float>(box.width());
      out.box[4 * cell + 3] = static_cast<float>(box.height());
    }
  const auto cell_of = [](double pixel, int pixels, int cells) {
    return std::clamp(static_cast<int>(pixel / pixels * cells), 0, cells - 1);
  };
  const int width = grid.columns * grid.stride, height = grid.rows * grid.stride;
  for (const auto& one : rectangles)
    plain_mask(grid, one, cell_of(one.box.left + 2, width, grid.columns),
               cell_of(one.box.right - 2, width, grid.columns), cell_of(one.box.top + 2, height, grid.rows),
               cell_of(one.box.bottom - 2, height, grid.rows), out.mask);
  return out;
}

/// The largest rectangles first: the smaller ones' boxes go over theirs.
inline PlainTargets plain_center_targets(const std::vector<data::Rectangle>& rectangles, const data::Grid& grid) {
  PlainTargets out(grid);
  const double stride = grid.stride;
  for (const auto& one : rectangles)
    plain_mask(grid, one, std::max(static_cast<int>(std::ceil(one.box.left / stride - 0.5)), 0),
               std::min(static_cast<int>(std::floor(one.box.right / stride - 0.5)), grid.columns - 1),
               std::max(static_cast<int>(std::ceil(one.box.top / stride - 0.5)), 0),
               std::min(static_cast<int>(std::floor(one.box.bottom / stride - 0.5)), grid.rows - 1), out.mask);
  const auto area = [](const data::Rectangle& one) { return one.box.width() * one.box.height(); };
  std::vector<data::Rectangle> order;
  for (const auto& one : rectangles)
    if (one.role == data::Role::positive && area(one) > 0) order.push_back(one);
  std::stable_sort(order.begin(), order.end(), [&](const auto& a, const auto& b) { return area(a) > area(b); });
  for (const auto& one : order) {
    const io::Box& box = one.box;
    const double x = 0.5 * (box.left + box.right), y = 0.5 * (box.top + box.bottom);
    const int column = std::clamp(static_cast<int>(std::floor(x / stride)), 0, grid.columns - 1),
              row = std::clamp(static_cast<int>(std::floor(y / stride)), 0, grid.rows - 1);
    const int rx = static_cast<int>(0.54 * box.width() / stride / 2),
              ry = static_cast<int>(0.54 * box.height() / stride / 2);
    const double sx = (2 * rx + 1) / 6.0, sy = (2 * ry + 1) / 6.0;
    const auto height_at = [&](int i, int j) {
      const double u = (j - column) / sx, v = (i - row) / sy;
      return std::exp(-0.5 * (u * u + v * v));
    };
    const auto for_window = [&](const auto& work) {
      for (int i = std::max(row - ry, 0); i <= std::min(row + ry, grid.rows - 1); ++i)
        for (int j = std::max(column - rx, 0); j <= std::min(column + rx, grid.columns - 1); ++j) work(i, j);
    };
    double sum = 0;
    for_window([&](int i, int j) { sum += height_at(i, j); });
    const double scale = std::log(std::max(area(one), 2.0)) / sum;
    for_window([&](int i, int j) {
      const auto cell = static_cast<std::size_t>(i * grid.columns + j);
      const std::size_t of_class =
          cell * static_cast<std::size_t>(grid.classes) + static_cast<std::size_t>(one.object_class);
      out.confidence[of_class] = std::max(out.confidence[of_class], static_cast<float>(height_at(i, j)));
      if (i == row && j == column) out.mask[of_class] = 1;
      out.weight[cell] = static_cast<float>(scale * height_at(i, j));
      const double numbers[] = {x - (j + 0.5) * stride, y - (i + 0.5) * stride, box.width(), box.height()};
      for (std::size_t k = 0; k < 4; ++k) out.box[4 * cell + k] = static_cast<float>(numbers[k]);
    });
  }
  return out;
}

}  // namespace fastbox::test
