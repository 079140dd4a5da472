// One cell's numbers -> a box in the network's pixels, and the overlap of two boxes: one source for CPU and GPU.
//
// The rules are decode.hpp's and suppression.hpp's. Plain functions; no state; thread-safe. C++17.
#pragma once

#include <cmath>

#include "base/portable.hpp"

namespace fastbox::eval {

/// In pixels of the network's input; w and h may be 0 or less.
struct DecodedBox {
  double cx, cy, w, h;
};

struct DecodeRule {
  int stride;  ///< pixels of a cell
  bool whole_pixels;
  double minimum_score;
};

enum class CellState : unsigned char { passed_over, candidate, not_finite };

/// `box`: dx, dy, w, h. Fills `decoded` for a candidate.
FASTBOX_PORTABLE CellState decode_cell(float confidence, const float* box, int row, int column, const DecodeRule& rule,
                                       DecodedBox& decoded) {
  // One sum is finite exactly where all five are: float's range added in double cannot overflow.
  const double sum = static_cast<double>(confidence) + box[0] + box[1] + box[2] + box[3];
  if (!(sum - sum == 0)) return CellState::not_finite;
  if (!(static_cast<double>(confidence) > rule.minimum_score)) return CellState::passed_over;
  double numbers[4];
  for (int i = 0; i < 4; ++i) {
    const double value = box[i];
    numbers[i] = rule.whole_pixels ? std::trunc(value) : value;
  }
  decoded.cx = numbers[0] + (column + 0.5) * rule.stride;
  decoded.cy = numbers[1] + (row + 0.5) * rule.stride;
  decoded.w = numbers[2];
  decoded.h = numbers[3];
  return rule.whole_pixels || (decoded.w > 0 && decoded.h > 0) ? CellState::candidate : CellState::passed_over;
}

/// Intersection over union; with `whole_pixels`, the intersection's edges are cut towards 0. NaN for two boxes without
/// area.
FASTBOX_PORTABLE double intersection_over_union(const DecodedBox& a, const DecodedBox& b, bool whole_pixels) {
  const double a_left = a.cx - a.w / 2, a_right = a.cx + a.w / 2, a_top = a.cy - a.h / 2, a_bottom = a.cy + a.h / 2;
  const double b_left = b.cx - b.w / 2, b_right = b.cx + b.w / 2, b_top = b.cy - b.h / 2, b_bottom = b.cy + b.h / 2;
  double left = a_left < b_left ? b_left : a_left, right = b_right < a_right ? b_right : a_right;
  double top = a_top < b_top ? b_top : a_top, bottom = b_bottom < a_bottom ? b_bottom : a_bottom;
  if (whole_pixels)
    left = std::trunc(left), right = std::trunc(right), top = std::trunc(top), bottom = std::trunc(bottom);
  const double width = right - left, height = bottom - top;
  const double shared = (width < 0 ? 0 : width) * (height < 0 ? 0 : height);
  return shared / (a.w * a.h + b.w * b.h - shared);
}

}  // namespace fastbox::eval
