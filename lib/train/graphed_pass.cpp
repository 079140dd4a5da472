#include "train/graphed_pass.hpp"

#include <ATen/ATen.h>

#include <array>
#include <utility>

namespace fastbox::train {
namespace {

std::array<at::Tensor, 6> tensors_of(const PassInput& input) {
  const models::Targets& targets = input.batch.targets;
  return {input.batch.image, targets.confidence, targets.box, targets.mask, targets.weight, input.dropout_seeds};
}

PassInput memory_like(const PassInput& input) {
  const auto like = [](const at::Tensor& t) { return t.defined() ? at::empty_like(t) : at::Tensor(); };
  const models::Targets& targets = input.batch.targets;
  return {{like(input.batch.image),
           {like(targets.confidence), like(targets.box), like(targets.mask), like(targets.weight)}},
          like(input.dropout_seeds),
          input.divisor};
}

bool are_alike(const at::Tensor& a, const at::Tensor& b) {
  return a.defined() == b.defined() && (!a.defined() || a.sizes() == b.sizes());
}

}  // namespace

GraphedPass::GraphedPass(std::unique_ptr<GpuGraph> graph, Pass pass)
    : graph_(std::move(graph)), pass_(std::move(pass)) {}

bool GraphedPass::fits(const PassInput& input) {
  if (!input_.batch.image.defined()) input_ = memory_like(input);
  const auto ours = tensors_of(input_), theirs = tensors_of(input);
  for (std::size_t i = 0; i < ours.size(); ++i)
    if (!are_alike(ours[i], theirs[i])) return false;
  return input_.divisor == input.divisor;
}

void GraphedPass::warm_up(const std::function<void()>& ordinary_pass) {
  ++warm_ups_;
  graph_->warm_up(ordinary_pass);
}

const at::Tensor& GraphedPass::run(const PassInput& input) {
  const auto ours = tensors_of(input_), theirs = tensors_of(input);
  for (std::size_t i = 0; i < ours.size(); ++i)
    if (ours[i].defined()) ours[i].copy_(theirs[i], /*non_blocking=*/true);
  if (!is_recorded_) graph_->capture([this] { terms_ = pass_(input_); });
  is_recorded_ = true;
  graph_->replay();
  return terms_;
}

}  // namespace fastbox::train
