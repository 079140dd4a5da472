#include "models/network.hpp"

#include <ATen/ATen.h>
#include <ATen/TracerMode.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.hpp"
#include "models/layers.hpp"
#include "models/squared_norm.hpp"

namespace fastbox::models {

Network::Network(std::shared_ptr<Encoder> encoder) : encoder_(register_module("encoder", std::move(encoder))) {}

std::vector<std::pair<std::string, at::Tensor>> Network::parameters_in_forward_order() const {
  std::vector<std::pair<std::string, at::Tensor>> ordered;
  for (const auto& item : named_parameters())
    if (item.value().requires_grad()) ordered.emplace_back(item.key(), item.value());
  std::stable_partition(ordered.begin(), ordered.end(),
                        [](const auto& one) { return one.first.starts_with("encoder."); });
  return ordered;
}

std::map<std::string, at::Tensor> Network::tensors() const {
  std::map<std::string, at::Tensor> all;
  for (const auto& item : named_parameters()) all[item.key()] = item.value();
  for (const auto& item : named_buffers()) all[item.key()] = item.value();
  return all;
}

std::vector<std::pair<std::string, at::Tensor>> Network::trained_statistics() const {
  auto found = encoder_->trained_statistics();
  for (auto& [name, tensor] : found) name = "encoder." + name;
  return found;
}

void Network::use_winograd() {
  for (const auto& module : modules(/*include_self=*/false))
    if (auto* const convolution = dynamic_cast<Convolution*>(module.get())) convolution->use_winograd();
}

RunningStatisticsOnly::RunningStatisticsOnly(Network& network)
    : network_(network), was_training_(network.is_training()) {
  network_.eval();
}

RunningStatisticsOnly::~RunningStatisticsOnly() {
  network_.train(was_training_);
}

namespace {

/// What a mirrored box is multiplied by. A constant of a trace, which would record the memory without its numbers.
at::Tensor mirrored_signs(const at::TensorOptions& options) {
  const at::tracer::impl::NoTracerDispatchMode constant;
  return at::tensor({-1, 1, 1, 1}, options);
}

constexpr int image_rows = 2, image_columns = 3, rows = 1, columns = 2;  // dimensions: B x 3 x H x W, B x gh x gw x ...

/// Pixels that an image is moved right and down for one look.
struct Shift {
  int x, y;
};
constexpr int deep_stride = 32, half = deep_stride / 2;
constexpr std::array<Shift, 4> all_shifts = {{{0, 0}, {half, half}, {half, 0}, {0, half}}};

/// The image within a larger one, whose sizes are multiples of the deep features' stride as well.
at::Tensor moved(const at::Tensor& rgb, const Shift& by) {
  if (by.x == 0 && by.y == 0) return rgb;
  const auto after = [](int before) { return before == 0 ? 0 : deep_stride - before; };
  return at::replication_pad2d(rgb, {by.x, after(by.x), by.y, after(by.y)}).contiguous(rgb.suggest_memory_format());
}

/// The original image's part of what was seen of the moved one.
at::Tensor moved_back(const at::Tensor& map, const Shift& by, const at::Tensor& rgb, int stride) {
  return map.narrow(rows, by.y / stride, rgb.size(image_rows) / stride)
      .narrow(columns, by.x / stride, rgb.size(image_columns) / stride);
}

/// As near to `times` its sizes as multiples of the deep features' stride come.
at::Tensor enlarged(const at::Tensor& rgb, double times) {
  const auto side = [&](int dimension) {
    return std::llround(static_cast<double>(rgb.size(dimension)) * times / deep_stride) * deep_stride;
  };
  return at::upsample_bicubic2d(rgb, {side(image_rows), side(image_columns)}, /*align_corners=*/false)
      .clamp(0, 255)
      .contiguous(rgb.suggest_memory_format());
}

/// Pixels of `rgb` to one of `large`, for each number of a box. A constant of a trace.
at::Tensor shrinkage(const at::Tensor& rgb, const at::Tensor& large, const at::TensorOptions& options) {
  const at::tracer::impl::NoTracerDispatchMode constant;
  const auto of = [&](int dimension) {
    return static_cast<double>(rgb.size(dimension)) / static_cast<double>(large.size(dimension));
  };
  return at::tensor({of(image_columns), of(image_rows), of(image_columns), of(image_rows)}, options);
}

/// A finer map at the centres of `grid`'s cells, linear between its own. That is right for offsets too: of one object the
/// offset to its centre falls by as much as the place moves.
at::Tensor at_cells(const at::Tensor& map, const at::Tensor& grid) {
  return at::upsample_bilinear2d(map.permute({0, 3, 1, 2}), {grid.size(rows), grid.size(columns)},
                                 /*align_corners=*/false)
      .permute({0, 2, 3, 1});
}

}  // namespace

Prediction Network::see_with_twin(const at::Tensor& rgb, bool mirror) {
  Prediction seen = see(rgb);
  if (!mirror) return seen;
  const Prediction twin = see(at::flip(rgb, {image_columns}));
  const at::Tensor back = mirrored_signs(twin.box.options());
  return {seen.confidence + at::flip(twin.confidence, {columns}), seen.box + at::flip(twin.box, {columns}) * back};
}

Prediction Network::see_enlarged(const at::Tensor& rgb, const Looks& looks, const Prediction& grid) {
  const at::Tensor large = enlarged(rgb, looks.zoom);
  const Prediction seen = see_with_twin(large, looks.mirror);
  return {at_cells(seen.confidence, grid.confidence),
          at_cells(seen.box, grid.box) * shrinkage(rgb, large, seen.box.options())};
}

Prediction Network::predict(const at::Tensor& rgb, const Looks& looks) {
  if (looks.shifts > 1 && half % stride() != 0)
    fail(ExitCode::usage, looks.shifts, " shifts of ", half, " pixels with cells of ", stride(),
         " pixels, expected cells that divide them");
  const at::NoGradGuard no_gradient;
  const RunningStatisticsOnly settled(*this);
  Prediction sum;
  for (int i = 0; i < looks.shifts; ++i) {
    const Shift by = all_shifts.at(static_cast<std::size_t>(i));
    const Prediction seen = see_with_twin(moved(rgb, by), looks.mirror);
    const at::Tensor confidence = moved_back(seen.confidence, by, rgb, stride());
    const at::Tensor box = moved_back(seen.box, by, rgb, stride());
    sum = i == 0 ? Prediction{confidence, box} : Prediction{sum.confidence + confidence, sum.box + box};
  }
  if (looks.zoom > 1) {
    const Prediction seen = see_enlarged(rgb, looks, sum);
    sum = {sum.confidence + seen.confidence, sum.box + seen.box};
  }
  const int count = (looks.shifts + (looks.zoom > 1 ? 1 : 0)) * (looks.mirror ? 2 : 1);
  if (count > 1) sum = {sum.confidence / count, sum.box / count};
  settle(sum);
  return sum;
}

at::Tensor weight_decay_of(const std::vector<at::Tensor>& kernels, double decay, double images, double global_images,
                           const at::TensorOptions& type) {
  if (decay == 0 || kernels.empty()) return at::zeros({}, type);
  return half_squared_norm(kernels) * (decay * images / global_images);
}

}  // namespace fastbox::models
