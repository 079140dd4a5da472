// The maximum of each 2 x 2 pixels of channels-last maps on a CPU, and the way back.
//
// Plain functions over memory that the caller owns; no state, so any thread may call them on different rows. No sums: the
// bits depend on nothing.
#pragma once

#include "models/maps.hpp"

namespace fastbox::models {

/// Two rows of 2 * columns pixels each, pixel by pixel; channels a multiple of `lanes`.
struct PooledRow {
  std::int64_t columns = 0, channels = 0;
};

/// One row of maxima. `which`, unless null: 0, 1 for the upper row's left and right pixel, 2, 3 for the lower row's; the first of
/// equal ones; of NaNs, which are greater than all else, the last.
template <typename Element>
void pool_row(const Element* upper, const Element* lower, const PooledRow& row, Element* maxima, std::uint8_t* which);

/// Each gradient to the pixel that `which` names, zero to the other three.
template <typename Element>
void spread_row(const Element* gradient, const std::uint8_t* which, const PooledRow& row, Element* upper,
                Element* lower);

}  // namespace fastbox::models
