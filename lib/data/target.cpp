#include "data/target.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "base/text.hpp"

namespace fastbox::data {
namespace {

constexpr int none = -1;
constexpr double dontcare_margin = 2;  // pixels by which KittiBox shrinks a DontCare rectangle

bool choice(const std::string& value, const char* key, const char* off, const char* on) {
  if (value != off && value != on)
    fail(ExitCode::usage, "targets.", key, ": '", value, "', expected ", off, " or ", on);
  return value == on;
}

std::vector<std::string> lowered(std::vector<std::string> names) {
  for (auto& name : names) name = lower(name);
  return names;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
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
  const double left = Grid::stride * column, top = Grid::stride * row;
  const double right = left + Grid::stride, bottom = top + Grid::stride;
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

}  // namespace

Grid grid_of(int width, int height) {
  if (width <= 0 || height <= 0 || width % Grid::stride != 0 || height % Grid::stride != 0)
    fail(ExitCode::usage, "model.width and model.height: ", width, " x ", height, ", expected multiples of ",
         Grid::stride);
  return {width / Grid::stride, height / Grid::stride};
}

TargetMaker::TargetMaker(const config::TargetSettings& settings, int width, int height)
    : width_(width),
      height_(height),
      grid_(grid_of(width, height)),
      positives_(lowered(settings.positives)),
      ignored_(lowered(settings.ignored)),
      nearest_(choice(settings.assignment, "assignment", "first", "nearest")),
      ignore_border_(choice(settings.border, "border", "background", "ignore")),
      reach_(settings.radius * Grid::stride) {
  if (!(settings.radius > 0)) fail(ExitCode::usage, "targets.radius: ", settings.radius, ", expected more than 0");
}

Role TargetMaker::role_of(std::string_view type) const {
  const std::string name = lower(type);
  if (name == "dontcare" || contains(ignored_, name)) return Role::ignored;
  return contains(positives_, name) ? Role::positive : Role::background;
}

TargetCounts TargetMaker::write(std::span<const Rectangle> rectangles, const TargetSpans& out) const {
  std::vector<io::Box> boxes;
  for (const auto& rectangle : rectangles)
    if (rectangle.role == Role::positive) boxes.push_back(rectangle.box);
  const Assignment assignment = nearest_ ? assign_nearest(grid_, boxes, reach_) : assign_first(grid_, boxes, reach_);

  TargetCounts counts;
  std::vector<char> has_cell(boxes.size(), 0);
  for (int cell = 0; cell < grid_.cells(); ++cell) {
    const auto at = static_cast<std::size_t>(cell);
    const int owner = assignment.owner[at];
    out.confidence[at] = owner == none ? 0.0f : 1.0f;
    out.mask[at] = ignore_border_ && owner == none && assignment.touched[at] ? 0.0f : 1.0f;
    std::fill_n(out.box.begin() + static_cast<std::ptrdiff_t>(4 * at), 4, 0.0f);
    if (owner == none) continue;
    const io::Box& box = boxes[static_cast<std::size_t>(owner)];
    const Meeting meeting = meet(grid_, cell, box);
    out.box[4 * at] = static_cast<float>(meeting.dx);
    out.box[4 * at + 1] = static_cast<float>(meeting.dy);
    out.box[4 * at + 2] = static_cast<float>(box.width());
    out.box[4 * at + 3] = static_cast<float>(box.height());
    has_cell[static_cast<std::size_t>(owner)] = 1;
    ++counts.cells;
  }
  counts.rectangles = static_cast<int>(boxes.size());
  counts.without_cell = static_cast<int>(std::count(has_cell.begin(), has_cell.end(), 0));

  for (const auto& rectangle : rectangles) {
    if (rectangle.role != Role::ignored) continue;
    const io::Box& box = rectangle.box;
    const int left = cell_of(box.left + dontcare_margin, width_, grid_.columns);
    const int right = cell_of(box.right - dontcare_margin, width_, grid_.columns);
    const int top = cell_of(box.top + dontcare_margin, height_, grid_.rows);
    const int bottom = cell_of(box.bottom - dontcare_margin, height_, grid_.rows);
    for (int i = top; i <= bottom; ++i)
      for (int j = left; j <= right; ++j) out.mask[static_cast<std::size_t>(i * grid_.columns + j)] = 0;
  }
  return counts;
}

}  // namespace fastbox::data
