#include "data/cell_targets.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"

namespace fastbox::data {
namespace {

constexpr int none = -1;
constexpr double dontcare_margin = 2;  // pixels by which KittiBox shrinks a DontCare rectangle

bool choice(const std::string& value, const char* key, const char* off, const char* on) {
  if (value != off && value != on)
    fail(ExitCode::usage, "targets.", key, ": '", value, "', expected ", off, " or ", on);
  return value == on;
}

/// How one cell and one rectangle lie to each other.
struct Meeting {
  bool touch = false;     ///< their open areas meet
  double dx = 0, dy = 0;  ///< the rectangle's centre from the cell's, pixels
  bool within(double reach) const { return std::abs(dx) < reach && std::abs(dy) < reach; }
  double squared_distance() const { return dx * dx + dy * dy; }
};

Meeting meet(const Grid& grid, int cell, const io::Box& box) {
  const int row = cell / grid.columns, column = cell % grid.columns;
  const double left = grid.stride * column, top = grid.stride * row;
  const double right = left + grid.stride, bottom = top + grid.stride;
  Meeting meeting;
  meeting.touch =
      std::max(left, box.left) < std::min(right, box.right) && std::max(top, box.top) < std::min(bottom, box.bottom);
  meeting.dx = 0.5 * (box.left + box.right) - 0.5 * (left + right);
  meeting.dy = 0.5 * (box.top + box.bottom) - 0.5 * (top + bottom);
  return meeting;
}

/// The rectangle that each cell stands for, or none; and whether the cell touches any.
struct Assignment {
  std::vector<int> owner;
  std::vector<char> touched;
};

Assignment assign_first(const Grid& grid, std::span<const io::Box> boxes, double reach) {
  Assignment result{std::vector<int>(static_cast<std::size_t>(grid.cells()), none),
                    std::vector<char>(static_cast<std::size_t>(grid.cells()), 0)};
  for (int cell = 0; cell < grid.cells(); ++cell) {
    for (std::size_t b = 0; b < boxes.size(); ++b) {
      const Meeting meeting = meet(grid, cell, boxes[b]);
      if (!meeting.touch) continue;
      result.touched[static_cast<std::size_t>(cell)] = 1;
      if (meeting.within(reach)) result.owner[static_cast<std::size_t>(cell)] = static_cast<int>(b);
      break;  // whether positive or not, the cell looks at no other
    }
  }
  return result;
}

/// Gives a rectangle without a cell the nearest one that its owner can spare.
void give_cell(const Grid& grid, const io::Box& box, int number, double reach, std::vector<int>& owner,
               std::vector<int>& owned) {
  int best = none;
  double best_distance = std::numeric_limits<double>::infinity();
  for (int cell = 0; cell < grid.cells(); ++cell) {
    const Meeting meeting = meet(grid, cell, box);
    if (!meeting.touch || !meeting.within(reach) || meeting.squared_distance() >= best_distance) continue;
    const int holder = owner[static_cast<std::size_t>(cell)];
    if (holder != none && owned[static_cast<std::size_t>(holder)] < 2) continue;
    best = cell;
    best_distance = meeting.squared_distance();
  }
  if (best == none) return;
  int& holder = owner[static_cast<std::size_t>(best)];
  if (holder != none) --owned[static_cast<std::size_t>(holder)];
  holder = number;
  owned[static_cast<std::size_t>(number)] = 1;
}

Assignment assign_nearest(const Grid& grid, std::span<const io::Box> boxes, double reach) {
  Assignment result{std::vector<int>(static_cast<std::size_t>(grid.cells()), none),
                    std::vector<char>(static_cast<std::size_t>(grid.cells()), 0)};
  std::vector<int> owned(boxes.size(), 0);
  for (int cell = 0; cell < grid.cells(); ++cell) {
    int best = none;
    double best_distance = std::numeric_limits<double>::infinity();
    for (std::size_t b = 0; b < boxes.size(); ++b) {
      const Meeting meeting = meet(grid, cell, boxes[b]);
      if (!meeting.touch) continue;
      result.touched[static_cast<std::size_t>(cell)] = 1;
      if (!meeting.within(reach) || meeting.squared_distance() >= best_distance) continue;
      best = static_cast<int>(b);
      best_distance = meeting.squared_distance();
    }
    result.owner[static_cast<std::size_t>(cell)] = best;
    if (best != none) ++owned[static_cast<std::size_t>(best)];
  }
  for (std::size_t b = 0; b < boxes.size(); ++b)
    if (owned[b] == 0) give_cell(grid, boxes[b], static_cast<int>(b), reach, result.owner, owned);
  return result;
}

/// KittiBox's cell of a coordinate: truncated towards 0, kept within the grid.
int cell_of(double pixel, int pixels, int cells) {
  return std::clamp(static_cast<int>(pixel / pixels * cells), 0, cells - 1);
}

/// 0 under a rectangle that classes ignore.
void write_mask(const Grid& grid, const Rectangle& rectangle, std::span<float> mask) {
  if (rectangle.role != Role::ignored && rectangle.ignored_for == 0) return;
  const io::Box& box = rectangle.box;
  const int width = grid.columns * grid.stride, height = grid.rows * grid.stride;
  const int left = cell_of(box.left + dontcare_margin, width, grid.columns);
  const int right = cell_of(box.right - dontcare_margin, width, grid.columns);
  const int top = cell_of(box.top + dontcare_margin, height, grid.rows);
  const int bottom = cell_of(box.bottom - dontcare_margin, height, grid.rows);
  for (int i = top; i <= bottom; ++i)
    for (int j = left; j <= right; ++j)
      for (int k = 0; k < grid.classes; ++k)
        if (rectangle.is_ignored_for(k)) mask[static_cast<std::size_t>((i * grid.columns + j) * grid.classes + k)] = 0;
}

}  // namespace

CellTargets::CellTargets(const config::TargetSettings& settings, const Grid& grid)
    : TargetMaker(grid),
      nearest_(choice(settings.assignment, "assignment", "first", "nearest")),
      ignore_border_(choice(settings.border, "border", "background", "ignore")),
      reach_(settings.radius * grid.stride) {
  if (!(settings.radius > 0)) fail(ExitCode::usage, "targets.radius: ", settings.radius, ", expected more than 0");
}

TargetCounts CellTargets::write(std::span<const Rectangle> rectangles, const TargetSpans& out) const {
  std::vector<io::Box> boxes;
  std::vector<int> classes;
  for (const auto& rectangle : rectangles) {
    if (rectangle.role != Role::positive) continue;
    boxes.push_back(rectangle.box);
    classes.push_back(rectangle.object_class);
  }
  const Assignment assignment = nearest_ ? assign_nearest(grid(), boxes, reach_) : assign_first(grid(), boxes, reach_);

  TargetCounts counts;
  std::vector<char> has_cell(boxes.size(), 0);
  const auto depth = static_cast<std::size_t>(grid().classes);
  std::fill(out.confidence.begin(), out.confidence.end(), 0.0f);
  std::fill(out.box.begin(), out.box.end(), 0.0f);
  for (int cell = 0; cell < grid().cells(); ++cell) {
    const auto at = static_cast<std::size_t>(cell);
    const int owner = assignment.owner[at];
    const float counted = ignore_border_ && owner == none && assignment.touched[at] ? 0.0f : 1.0f;
    std::fill_n(out.mask.begin() + static_cast<std::ptrdiff_t>(at * depth), depth, counted);
    out.weight[at] = owner == none ? 0.0f : 1.0f;
    if (owner == none) continue;
    const io::Box& box = boxes[static_cast<std::size_t>(owner)];
    const Meeting meeting = meet(grid(), cell, box);
    out.confidence[at * depth + static_cast<std::size_t>(classes[static_cast<std::size_t>(owner)])] = 1;
    out.box[4 * at] = static_cast<float>(meeting.dx);
    out.box[4 * at + 1] = static_cast<float>(meeting.dy);
    out.box[4 * at + 2] = static_cast<float>(box.width());
    out.box[4 * at + 3] = static_cast<float>(box.height());
    has_cell[static_cast<std::size_t>(owner)] = 1;
    ++counts.cells;
  }
  counts.rectangles = static_cast<int>(boxes.size());
  counts.without_cell = static_cast<int>(std::count(has_cell.begin(), has_cell.end(), 0));
  for (const auto& rectangle : rectangles) write_mask(grid(), rectangle, out.mask);
  return counts;
}

}  // namespace fastbox::data
