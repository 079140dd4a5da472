#include "models/network.hpp"

#include <ATen/ATen.h>
#include <ATen/TracerMode.h>

#include <algorithm>

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

}  // namespace

Prediction Network::predict(const at::Tensor& rgb, bool mirror) {
  const at::NoGradGuard no_gradient;
  const RunningStatisticsOnly settled(*this);
  Prediction seen = see(rgb);
  if (mirror) {
    constexpr int image_columns = 3, columns = 2;
    const Prediction twin = see(at::flip(rgb, {image_columns}));
    const at::Tensor back = mirrored_signs(twin.box.options());
    seen.confidence = (seen.confidence + at::flip(twin.confidence, {columns})) / 2;
    seen.box = (seen.box + at::flip(twin.box, {columns}) * back) / 2;
  }
  settle(seen);
  return seen;
}

at::Tensor weight_decay_of(const std::vector<at::Tensor>& kernels, double decay, double images, double global_images,
                           const at::TensorOptions& type) {
  at::Tensor sum = at::zeros({}, type);
  if (decay == 0) return sum;
  for (const auto& kernel : kernels) sum = sum + 0.5 * kernel.square().sum();
  return sum * (decay * images / global_images);
}

}  // namespace fastbox::models
