// What the twins of assign_targets.hpp's operators share: the tensors that they fill, image by image. C++17.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>

#include <tuple>

#include "data/grid.hpp"
#include "data/plain_rectangle.hpp"

namespace fastbox::train {

/// confidence, box, weight, mask.
using TargetTensors = std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor>;

inline data::Grid grid_of_numbers(std::int64_t rows, std::int64_t columns, std::int64_t stride, std::int64_t classes) {
  data::Grid grid;
  grid.rows = static_cast<int>(rows), grid.columns = static_cast<int>(columns);
  grid.stride = static_cast<int>(stride), grid.classes = static_cast<int>(classes);
  return grid;
}

inline void check_rectangles(const at::Tensor& rectangles, const at::Tensor& counts) {
  TORCH_CHECK(rectangles.dim() == 3 && rectangles.scalar_type() == at::kByte && rectangles.is_contiguous() &&
                  rectangles.size(2) == static_cast<std::int64_t>(sizeof(data::PlainRectangle)) && counts.dim() == 1 &&
                  counts.scalar_type() == at::kLong && counts.is_contiguous() && counts.size(0) == rectangles.size(0) &&
                  counts.device() == rectangles.device(),
              "targets: expected rectangles of B x most x 48 bytes and B counts, contiguous, on one device");
}

inline const data::PlainRectangle* rectangles_in(const at::Tensor& rectangles) {
  return static_cast<const data::PlainRectangle*>(rectangles.const_data_ptr());
}

inline TargetTensors empty_targets(const at::Tensor& rectangles, const data::Grid& grid) {
  const at::TensorOptions options = rectangles.options().dtype(at::kFloat);
  const std::int64_t images = rectangles.size(0);
  const auto make = [&](std::int64_t numbers) {
    return at::empty({images, grid.rows, grid.columns, numbers}, options);
  };
  return {make(grid.classes), make(4), at::empty({images, grid.rows, grid.columns}, options), make(grid.classes)};
}

/// The first image's.
inline data::TargetMaps maps_in(const TargetTensors& targets) {
  return {std::get<0>(targets).mutable_data_ptr<float>(), std::get<1>(targets).mutable_data_ptr<float>(),
          std::get<2>(targets).mutable_data_ptr<float>(), std::get<3>(targets).mutable_data_ptr<float>()};
}

/// Those of image `image`, of the first one's.
FASTBOX_PORTABLE data::TargetMaps maps_of_image(const data::TargetMaps& first, const data::Grid& grid,
                                                std::int64_t image) {
  const std::int64_t cells = image * grid.cells();
  return {first.confidence + cells * grid.classes, first.box + 4 * cells, first.weight + cells,
          first.mask + cells * grid.classes};
}

}  // namespace fastbox::train
