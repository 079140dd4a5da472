// What fastbox::suppress gives back for a class, as its twins write it and suppress_grid.cpp reads it. C++17.
#pragma once

#include <cstdint>

#include "base/portable.hpp"
#include "eval/decode_kernel.hpp"

namespace fastbox::train {

/// Doubles of a row. Row 0: how many boxes are kept, and the first cell with a number that is not finite (-1: none).
/// Rows 1 ..: the kept ones' cx, cy, w, h, confidence and cell, surest first. Further rows are undefined.
constexpr std::int64_t numbers_of_row = 6;

FASTBOX_PORTABLE void write_head(double* rows, int kept, int bad_cell) {
  rows[0] = kept;
  rows[1] = bad_cell;
  for (int i = 2; i < numbers_of_row; ++i) rows[i] = 0;
}

FASTBOX_PORTABLE void write_kept(double* rows, int which, const eval::DecodedBox& box, double confidence, int cell) {
  double* const row = rows + (1 + which) * numbers_of_row;
  row[0] = box.cx, row[1] = box.cy, row[2] = box.w, row[3] = box.h;
  row[4] = confidence;
  row[5] = cell;
}

}  // namespace fastbox::train
