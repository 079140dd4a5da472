#include "data/cell_targets.hpp"

#include <algorithm>
#include <vector>

#include "base/error.hpp"

namespace fastbox::data {
namespace {

bool choice(const std::string& value, const char* key, const char* off, const char* on) {
  if (value != off && value != on)
    fail(ExitCode::usage, "targets.", key, ": '", value, "', expected ", off, " or ", on);
  return value == on;
}

/// What cell_targets_kernel.hpp's functions take.
struct Owners {
  std::vector<int> rectangle;  ///< of each cell
  std::vector<char> touched;   ///< of each cell
  std::vector<int> owned;      ///< cells of each rectangle

  CellOwner of(int cell) const {
    const auto at = static_cast<std::size_t>(cell);
    return {rectangle[at], touched[at] != 0};
  }
};

/// With "nearest": each rectangle without a cell takes the nearest one that its owner can spare.
void give_cells(const CellRule& rule, std::span<const PlainRectangle> rectangles, Owners& owners) {
  for (std::size_t i = 0; i < rectangles.size(); ++i) {
    if (!rectangles[i].is_positive() || owners.owned[i] > 0) continue;
    Offer best = no_offer();
    for (int cell = 0; cell < rule.grid.cells(); ++cell) {
      const Offer offer = offer_of_cell(rule, cell, rectangles[i], owners.rectangle.data(), owners.owned.data());
      if (is_better(offer, best)) best = offer;
    }
    give_cell(best, static_cast<int>(i), owners.rectangle.data(), owners.owned.data());
  }
}

Owners assign(const CellRule& rule, std::span<const PlainRectangle> rectangles) {
  const auto cells = static_cast<std::size_t>(rule.grid.cells());
  Owners owners{std::vector<int>(cells), std::vector<char>(cells), std::vector<int>(rectangles.size(), 0)};
  for (std::size_t cell = 0; cell < cells; ++cell) {
    const auto owner =
        owner_of_cell(rule, static_cast<int>(cell), rectangles.data(), static_cast<int>(rectangles.size()));
    owners.rectangle[cell] = owner.rectangle;
    owners.touched[cell] = owner.touched ? 1 : 0;
    if (owner.rectangle != no_rectangle) ++owners.owned[static_cast<std::size_t>(owner.rectangle)];
  }
  if (rule.nearest) give_cells(rule, rectangles, owners);
  return owners;
}

}  // namespace

CellTargets::CellTargets(const config::TargetSettings& settings, const Grid& grid)
    : TargetMaker(grid),
      rule_{grid, choice(settings.assignment, "assignment", "first", "nearest"),
            choice(settings.border, "border", "background", "ignore"), settings.radius * grid.stride} {
  if (!(settings.radius > 0)) fail(ExitCode::usage, "targets.radius: ", settings.radius, ", expected more than 0");
}

TargetCounts CellTargets::write(std::span<const Rectangle> rectangles, const TargetSpans& out) const {
  std::vector<PlainRectangle> all;
  for (const auto& rectangle : rectangles) all.push_back(plain(rectangle));
  return write_cell_targets(rule_, all, out.maps());
}

TargetCounts write_cell_targets(const CellRule& rule, std::span<const PlainRectangle> rectangles,
                                const TargetMaps& out) {
  const Owners owners = assign(rule, rectangles);
  TargetCounts counts;
  for (int cell = 0; cell < rule.grid.cells(); ++cell) {
    const CellOwner owner = owners.of(cell);
    write_cell(rule, cell, owner, rectangles.data(), out);
    if (owner.rectangle != no_rectangle) ++counts.cells;
  }
  for (std::size_t i = 0; i < rectangles.size(); ++i) {
    const PlainRectangle& rectangle = rectangles[i];
    if (rectangle.is_positive()) {
      ++counts.rectangles;
      if (owners.owned[i] == 0) ++counts.without_cell;
    }
    if (rectangle.ignored_for == 0) continue;
    const CellWindow under = cells_under(rule.grid, rectangle);
    for (int row = under.top; row <= under.bottom; ++row)
      for (int column = under.left; column <= under.right; ++column)
        mask_cell(rule.grid, row * rule.grid.columns + column, rectangle, out.mask);
  }
  return counts;
}

}  // namespace fastbox::data
