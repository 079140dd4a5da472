// An object in the network's pixels as plain memory, for code that a CPU and a GPU share (target.hpp: Rectangle).
// C++17.
#pragma once

#include <cstdint>

#include "base/portable.hpp"

namespace fastbox::data {

/// 48 bytes without padding, so that a batch of them is copied to a GPU as it is.
struct PlainRectangle {
  double left, top, right, bottom;
  std::int64_t object_class;  ///< negative where it is not positive
  std::uint64_t ignored_for;  ///< a bit for each class

  FASTBOX_PORTABLE bool is_positive() const { return object_class >= 0; }
  FASTBOX_PORTABLE bool is_ignored_for(int which) const { return (ignored_for >> which & 1) != 0; }
  FASTBOX_PORTABLE double width() const { return right - left; }
  FASTBOX_PORTABLE double height() const { return bottom - top; }
};
static_assert(sizeof(PlainRectangle) == 48, "no padding");

}  // namespace fastbox::data
