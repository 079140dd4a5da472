// The cells that a network answers for, and where in memory their targets are. C++17, since GPU code uses both.
#pragma once

namespace fastbox::data {

/// A cell each `stride` pixels; the centre of cell (row i, column j) is ((j + 1/2) stride, (i + 1/2) stride).
struct Grid {
  int columns = 0, rows = 0;
  int stride = 32;  ///< pixels
  int classes = 1;
  constexpr int cells() const { return columns * rows; }
};

/// One image's targets, each as the span of that name in TargetSpans (target.hpp).
struct TargetMaps {
  float *confidence, *box, *weight, *mask;
};

}  // namespace fastbox::data
