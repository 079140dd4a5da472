// What the network is asked to say about a frame: for each cell of a grid, how much of each class it holds, the object's
// box, what that box counts for in the loss, and whether the cell's confidence counts.
//
// A TargetMaker is immutable: any thread may use it. All coordinates are pixels of the network's input.
#pragma once

#include <memory>
#include <span>

#include "config/settings.hpp"
#include "data/grid.hpp"
#include "data/object_roles.hpp"
#include "data/plain_rectangle.hpp"
#include "io/kitti_label.hpp"

namespace fastbox::data {

/// Throws Error(usage) where width or height is no positive multiple of 32.
Grid grid_of(int width, int height, int stride = 32, int classes = 1);

/// The grid of the network that the settings describe.
Grid grid_of(const config::Settings& settings);

/// An object in the network's pixels.
struct Rectangle {
  io::Box box;
  Role role = Role::background;
  int object_class = 0;           ///< of a positive one
  std::uint64_t ignored_for = 0;  ///< a bit for each class; Role::ignored: for all

  bool is_ignored_for(int which) const { return role == Role::ignored || (ignored_for >> which & 1) != 0; }
};

/// What of a rectangle the rules look at.
PlainRectangle plain(const Rectangle& rectangle);

/// Where one image's targets are written; row-major, cells() numbers (box: 4 a cell; confidence and mask: one a class).
struct TargetSpans {
  std::span<float> confidence;  ///< [rows][columns][classes] 0..1
  std::span<float> box;         ///< [rows][columns][4] dx, dy of the rectangle's centre from the cell's; width,
                                ///< height; 0 where weight is
  std::span<float> weight;      ///< [rows][columns] of the box in the loss; 0: none
  std::span<float> mask;        ///< [rows][columns][classes] 1 counts in the confidence losses, 0 does not

  TargetMaps maps() const { return {confidence.data(), box.data(), weight.data(), mask.data()}; }
};

struct TargetCounts {
  int rectangles = 0;    ///< positive ones
  int without_cell = 0;  ///< of them, those that no cell stands for
  int cells = 0;         ///< cells whose box counts
};

class TargetMaker {
 public:
  virtual ~TargetMaker() = default;

  const Grid& grid() const { return grid_; }

  /// Fills every element of the spans. Requires spans of the grid's size.
  virtual TargetCounts write(std::span<const Rectangle> rectangles, const TargetSpans& out) const = 0;

 protected:
  explicit TargetMaker(const Grid& grid) : grid_(grid) {}

 private:
  Grid grid_;
};

/// For model.decoder. Throws Error(usage) for settings that no target can be made from.
std::unique_ptr<TargetMaker> make_target_maker(const config::Settings& settings);

}  // namespace fastbox::data
