// FastBox's raw outputs for one frame -> boxes in the network's pixels, with their confidences.
//
// The network gives each cell of a grid a box (dx, dy, w, h): the centre's offset from the cell's centre, and
// the size, in pixels of the network's input. Source: KittiBox's add_rectangles() (train_utils.py).
// Thread-safe: no state; the spans are only read.
#pragma once

#include <span>
#include <vector>

namespace fastbox::eval {

/// How the network's frame is cut into cells.
struct GridGeometry {
  int width = 0, height = 0;  ///< pixels of the network's input, multiples of the stride
  int stride = 32;            ///< pixels; the centre of cell (row, column) is ((column + .5) stride, (row + .5) stride)
  int columns() const { return width / stride; }
  int rows() const { return height / stride; }
  int cells() const { return rows() * columns(); }
};

struct DecodeOptions {
  /// As KittiBox: offsets and sizes are cut towards 0 before everything else, and boxes without a positive
  /// size stay. They overlap nothing, so stitch accepts them anew in each pass; KittiBox's own results show
  /// it. False: fractions stay, such boxes go.
  bool whole_pixels = true;
  double minimum_score = 0.001;  ///< only higher confidences become candidates
};

/// A box in pixels of the network's input; w and h may be 0 or less.
struct Candidate {
  double cx = 0, cy = 0, w = 0, h = 0;
  double confidence = 0;  ///< 0..1
  int cell = -1;          ///< row * columns + column of the cell that gave it; -1: none did
};

/// The candidates in raster order (stitch depends on it). `confidences`: rows x columns; `boxes`: rows x
/// columns x 4, final (box plus delta box). Throws Error(numbers) naming the cell of a number that is not
/// finite, Error(defect) where sizes do not fit the grid.
std::vector<Candidate> decode(std::span<const float> confidences, std::span<const float> boxes,
                              const GridGeometry& grid, const DecodeOptions& options = {});

}  // namespace fastbox::eval
