#include "models/box_voting.hpp"

#include <ATen/ATen.h>
#include <ATen/TracerMode.h>

namespace fastbox::models {
namespace {

/// The cells around one, row by row, its own in the middle.
struct Around {
  at::Tensor rows, columns;  ///< M: whole numbers, from -reach on
};

/// Constants of a trace, which would record the memory without its numbers.
Around around(int reach, const at::TensorOptions& options) {
  const at::tracer::impl::NoTracerDispatchMode constant;
  const at::Tensor steps = at::arange(-reach, reach + 1, options.dtype(at::kLong));
  const std::int64_t side = steps.numel();
  return {steps.unsqueeze(1).expand({side, side}).reshape({-1}), steps.repeat({side})};
}

/// Of boxes (.., 4), each the centre's place and the size, on one origin.
at::Tensor intersection_over_union(const at::Tensor& a, const at::Tensor& b) {
  const auto side = [](const at::Tensor& box, int i, double sign) {
    return box.select(-1, i) + sign / 2 * box.select(-1, i + 2);
  };
  const auto shared = [&](int i) {
    return (at::minimum(side(a, i, 1), side(b, i, 1)) - at::maximum(side(a, i, -1), side(b, i, -1))).clamp_min(0);
  };
  const auto area = [](const at::Tensor& box) { return box.select(-1, 2) * box.select(-1, 3); };
  const at::Tensor both = shared(0) * shared(1);
  return both / (area(a) + area(b) - both);
}

}  // namespace

at::Tensor voted_boxes(const Prediction& seen, int reach, double least_confidence, int stride) {
  const at::Tensor peaks = seen.confidence.amax(-1).gt(least_confidence).nonzero();  // K x 3: image, row, column
  const Around near = around(reach, seen.box.options());
  const at::Tensor image = peaks.select(1, 0).unsqueeze(1), row = peaks.select(1, 1).unsqueeze(1) + near.rows,
                   column = peaks.select(1, 2).unsqueeze(1) + near.columns;
  const std::int64_t last_row = seen.box.size(1) - 1, last_column = seen.box.size(2) - 1;
  const at::Tensor inside = row.eq(row.clamp(0, last_row)).logical_and(column.eq(column.clamp(0, last_column)));

  // On the peak's cell as origin.
  const at::Tensor way = at::stack({near.columns, near.rows, near.rows * 0, near.rows * 0}, 1) * stride;
  const at::Tensor boxes =
      seen.box.index({image, row.clamp(0, last_row), column.clamp(0, last_column)}) + way;  // K x M x 4
  const std::int64_t own = near.rows.numel() / 2;
  const at::Tensor overlap = intersection_over_union(boxes, boxes.narrow(1, own, 1));
  // The peak's own always votes: without an area it overlaps nothing, not even itself.
  const at::Tensor is_other = near.rows.ne(0).logical_or(near.columns.ne(0));
  const at::Tensor others =
      overlap.gt(least_overlap_of_voters).logical_and(inside).logical_and(is_other).to(boxes.scalar_type());
  const at::Tensor mean = ((boxes * others.unsqueeze(-1)).sum(1) + boxes.select(1, own)) / (others.sum(1, true) + 1);
  return seen.box.index_put({peaks.select(1, 0), peaks.select(1, 1), peaks.select(1, 2)}, mean);
}

}  // namespace fastbox::models
