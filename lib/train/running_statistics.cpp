#include "train/running_statistics.hpp"

#include <ATen/ATen.h>

namespace fastbox::train {
namespace {

void replace_by_mean(const at::Tensor& flat, comm::World& world) {
  const at::Tensor mine = flat.to(at::kCPU, at::kDouble).contiguous();
  const auto* const first = mine.const_data_ptr<double>();
  auto sum = world.sum(std::vector<double>(first, first + mine.numel()));
  const at::Tensor total = at::from_blob(sum.data(), {flat.numel()}, at::kDouble);
  flat.copy_(total / world.size());
}

}  // namespace

RunningStatistics::RunningStatistics(const models::Network& model, bool averaged)
    : statistics_(model.trained_statistics()) {
  if (statistics_.empty()) return;
  std::int64_t elements = 0;
  for (const auto& [name, tensor] : statistics_) elements += tensor.numel();
  present_ = at::empty({elements}, statistics_[0].second.options());
  NamedTensors views;
  add_views(present_, "", views);
  for (auto& [name, tensor] : statistics_) {
    views.at(name).copy_(tensor);
    tensor.set_data(views.at(name));
  }
  if (averaged) average_ = present_.clone();
}

void RunningStatistics::average_over(comm::World& world, bool with_average) {
  if (empty() || world.size() == 1) return;
  replace_by_mean(present_, world);
  if (with_average && averaged()) replace_by_mean(average_, world);
}

void RunningStatistics::average_in(double share) {
  if (averaged()) average_.lerp_(present_, share);
}

void RunningStatistics::add_views(const at::Tensor& flat, const std::string& prefix, NamedTensors& views) const {
  std::int64_t offset = 0;
  for (const auto& [name, tensor] : statistics_) {
    views[prefix + name] = flat.narrow(0, offset, tensor.numel());
    offset += tensor.numel();
  }
}

}  // namespace fastbox::train
