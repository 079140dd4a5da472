#include "train/assign_targets.hpp"

#include <ATen/ATen.h>
#include <torch/library.h>

#include <algorithm>
#include <cstring>
#include <span>

#include "base/error.hpp"
#include "data/center_targets.hpp"
#include "models/parallel.hpp"
#include "train/target_tensors.hpp"

namespace fastbox::train {
namespace {

/// work(rectangles, maps) for each image, on all threads.
template <typename Work>
TargetTensors for_images(const at::Tensor& rectangles, const at::Tensor& counts, const data::Grid& grid,
                         const Work& work) {
  check_rectangles(rectangles, counts);
  TargetTensors targets = empty_targets(rectangles, grid);
  const data::TargetMaps first = maps_in(targets);
  const std::int64_t most = rectangles.size(1);
  models::parallel_for(0, rectangles.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t image = begin; image < end; ++image) {
      const std::int64_t count = std::clamp<std::int64_t>(counts.const_data_ptr<std::int64_t>()[image], 0, most);
      work(std::span(rectangles_in(rectangles) + image * most, static_cast<std::size_t>(count)),
           maps_of_image(first, grid, image));
    }
  });
  return targets;
}

TargetTensors assign_targets_cpu(const at::Tensor& rectangles, const at::Tensor& counts, std::int64_t rows,
                                 std::int64_t columns, std::int64_t stride, std::int64_t classes, bool nearest,
                                 bool ignore_border, double reach) {
  const data::CellRule rule{grid_of_numbers(rows, columns, stride, classes), nearest, ignore_border, reach};
  return for_images(rectangles, counts, rule.grid,
                    [&](const auto& of_image, const auto& maps) { data::write_cell_targets(rule, of_image, maps); });
}

TargetTensors assign_center_targets_cpu(const at::Tensor& rectangles, const at::Tensor& counts, std::int64_t rows,
                                        std::int64_t columns, std::int64_t stride, std::int64_t classes) {
  const data::Grid grid = grid_of_numbers(rows, columns, stride, classes);
  return for_images(rectangles, counts, grid,
                    [&](const auto& of_image, const auto& maps) { data::write_center_targets(grid, of_image, maps); });
}

models::Targets as_targets(TargetTensors tensors) {
  auto& [confidence, box, weight, mask] = tensors;
  return {confidence, box, mask, weight};
}

}  // namespace

BatchRectangles to_rectangles(const std::vector<std::vector<data::Rectangle>>& images, std::int64_t most) {
  constexpr auto bytes = static_cast<std::int64_t>(sizeof(data::PlainRectangle));
  const auto count = static_cast<std::int64_t>(images.size());
  BatchRectangles batch{at::zeros({count, most, bytes}, at::kByte), at::zeros({count}, at::kLong)};
  auto* to = batch.rectangles.mutable_data_ptr<std::uint8_t>();
  for (std::size_t i = 0; i < images.size(); ++i, to += most * bytes) {
    if (static_cast<std::int64_t>(images[i].size()) > most)
      fail(ExitCode::data, "image ", i, " of a batch has ", images[i].size(), " rectangles, expected at most ", most);
    batch.counts.mutable_data_ptr<std::int64_t>()[i] = static_cast<std::int64_t>(images[i].size());
    for (std::size_t k = 0; k < images[i].size(); ++k) {
      const data::PlainRectangle rectangle = data::plain(images[i][k]);
      std::memcpy(to + static_cast<std::int64_t>(k) * bytes, &rectangle, sizeof rectangle);
    }
  }
  return batch;
}

models::Targets assign_targets(const BatchRectangles& batch, const data::CellRule& rule) {
  static const auto handle = c10::Dispatcher::singleton()
                                 .findSchemaOrThrow("fastbox::assign_targets", "")
                                 .typed<TargetTensors(const at::Tensor&, const at::Tensor&, std::int64_t, std::int64_t,
                                                      std::int64_t, std::int64_t, bool, bool, double)>();
  const data::Grid& grid = rule.grid;
  return as_targets(handle.call(batch.rectangles, batch.counts, grid.rows, grid.columns, grid.stride, grid.classes,
                                rule.nearest, rule.ignore_border, rule.reach));
}

models::Targets assign_center_targets(const BatchRectangles& batch, const data::Grid& grid) {
  static const auto handle = c10::Dispatcher::singleton()
                                 .findSchemaOrThrow("fastbox::assign_center_targets", "")
                                 .typed<TargetTensors(const at::Tensor&, const at::Tensor&, std::int64_t, std::int64_t,
                                                      std::int64_t, std::int64_t)>();
  return as_targets(handle.call(batch.rectangles, batch.counts, grid.rows, grid.columns, grid.stride, grid.classes));
}

}  // namespace fastbox::train

TORCH_LIBRARY_FRAGMENT(fastbox, library) {
  library.def(
      "assign_targets(Tensor rectangles, Tensor counts, int rows, int columns, int stride, int classes, bool nearest, "
      "bool ignore_border, float reach) -> (Tensor confidence, Tensor box, Tensor weight, Tensor mask)");
  library.def(
      "assign_center_targets(Tensor rectangles, Tensor counts, int rows, int columns, int stride, int classes) -> "
      "(Tensor confidence, Tensor box, Tensor weight, Tensor mask)");
}

TORCH_LIBRARY_IMPL(fastbox, CPU, library) {
  library.impl("assign_targets", &fastbox::train::assign_targets_cpu);
  library.impl("assign_center_targets", &fastbox::train::assign_center_targets_cpu);
}
