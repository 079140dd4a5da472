#include "models/rezoom_loops.hpp"

#include "base/vector_clones.hpp"

namespace fastbox::models {
namespace {

template <typename Element>
[[gnu::always_inline]] inline void sample(const Element* features, const NumberOf<Element>* boxes,
                                          const ZoomSizes& sizes, std::int64_t first, std::int64_t last,
                                          NumberOf<Element>* result) {
  for (std::int64_t point = first; point < last; ++point) {
    const auto at = sample_of(boxes, sizes, point);
    for (std::int64_t c = 0; c < sizes.channels; c += lanes)
      store_lanes(sampled_lanes(features + c, sizes, at), result + point * sizes.channels + c);
  }
}

template <typename Element>
[[gnu::always_inline]] inline void gather(const NumberOf<Element>* gradient,
                                          const CornersByPixel<NumberOf<Element>>& by_pixel, const ZoomSizes& sizes,
                                          std::int64_t first, std::int64_t last, Element* to) {
  for (std::int64_t pixel = first; pixel < last; ++pixel) {
    const std::int64_t* const range = by_pixel.starts + pixel + pixel / sizes.pixels_of_image();
    for (std::int64_t c = 0; c < sizes.channels; c += lanes)
      store_lanes(gathered_lanes(gradient + c, sizes.channels, by_pixel.corners, by_pixel.shares, range[0], range[1]),
                  to + pixel * sizes.channels + c);
  }
}

template <typename Element>
[[gnu::always_inline]] inline void differentiate(const Element* features, const NumberOf<Element>* boxes,
                                                 const NumberOf<Element>* gradient, const ZoomSizes& sizes,
                                                 std::int64_t first, std::int64_t last, NumberOf<Element>* to) {
  using Number = NumberOf<Element>;
  for (std::int64_t box = first; box < last; ++box) {
    Number sums[4] = {};
    for (int which = 0; which < zoom_points; ++which) {
      const std::int64_t point = box * zoom_points + which;
      const auto at = sample_of(boxes, sizes, point);
      Number x[zoom_parts] = {}, y[zoom_parts] = {};
      for (std::int64_t group = 0; group < sizes.groups(); ++group) {
        const std::int64_t c = group * lanes;
        const auto slope = slope_of_lanes(features + c, sizes, at, gradient + point * sizes.channels + c);
        x[group % zoom_parts] += slope.x;
        y[group % zoom_parts] += slope.y;
      }
      add_to_box<Number>(at, {fold<zoom_parts>(x), fold<zoom_parts>(y)}, which, sums);
    }
    for (int i = 0; i < 4; ++i) to[box * 4 + i] = sums[i];
  }
}

}  // namespace

// Each is written for every element, since a clone is made of a function and not of a template.
#define FASTBOX_FOR(Element)                                                                                          \
  template <>                                                                                                         \
  FASTBOX_VECTOR_CLONES void sample_points(const Element* features, const NumberOf<Element>* boxes,                   \
                                           const ZoomSizes& sizes, std::int64_t first, std::int64_t last,             \
                                           NumberOf<Element>* result) {                                               \
    sample(features, boxes, sizes, first, last, result);                                                              \
  }                                                                                                                   \
  template <>                                                                                                         \
  FASTBOX_VECTOR_CLONES void gather_pixels(const NumberOf<Element>* gradient,                                         \
                                           const CornersByPixel<NumberOf<Element>>& by_pixel, const ZoomSizes& sizes, \
                                           std::int64_t first, std::int64_t last, Element* to) {                      \
    gather(gradient, by_pixel, sizes, first, last, to);                                                               \
  }                                                                                                                   \
  template <>                                                                                                         \
  FASTBOX_VECTOR_CLONES void differentiate_boxes(const Element* features, const NumberOf<Element>* boxes,             \
                                                 const NumberOf<Element>* gradient, const ZoomSizes& sizes,           \
                                                 std::int64_t first, std::int64_t last, NumberOf<Element>* to) {      \
    differentiate(features, boxes, gradient, sizes, first, last, to);                                                 \
  }
FASTBOX_FOR(float)
FASTBOX_FOR(Bf16)
FASTBOX_FOR(double)

}  // namespace fastbox::models
