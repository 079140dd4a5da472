// The CPU's loops over rezoom's pieces (rezoom_kernel.hpp), compiled for AVX2 as well.
//
// Plain functions over memory that the caller owns; no state, so any thread may call them on different ranges. Element:
// float, Bf16 or double.
#pragma once

#include "models/rezoom_kernel.hpp"

namespace fastbox::models {

/// Points first .. last - 1 of `result`: points x channels.
template <typename Element>
void sample_points(const Element* features, const NumberOf<Element>* boxes, const ZoomSizes& sizes, std::int64_t first,
                   std::int64_t last, NumberOf<Element>* result);

/// The corners that fall on each pixel, ascending: those on pixel p of image i are
/// corners[starts[i * (pixels_of_image + 1) + p] .. starts[... + 1] - 1].
template <typename Number>
struct CornersByPixel {
  const std::int64_t* starts = nullptr;
  const std::int64_t* corners = nullptr;
  const Number* shares = nullptr;  ///< by corner
};

/// Pixels first .. last - 1 of the features' gradient, dense: `to`. `gradient`: points x channels.
template <typename Element>
void gather_pixels(const NumberOf<Element>* gradient, const CornersByPixel<NumberOf<Element>>& by_pixel,
                   const ZoomSizes& sizes, std::int64_t first, std::int64_t last, Element* to);

/// Boxes first .. last - 1 of the boxes' gradient, `to`: boxes x 4.
template <typename Element>
void differentiate_boxes(const Element* features, const NumberOf<Element>* boxes, const NumberOf<Element>* gradient,
                         const ZoomSizes& sizes, std::int64_t first, std::int64_t last, NumberOf<Element>* to);

}  // namespace fastbox::models
