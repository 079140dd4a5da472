#include "models/fastbox.hpp"

#include <ATen/ATen.h>

#include <algorithm>

#include "models/dropout.hpp"
#include "models/layers.hpp"

namespace fastbox::models {
namespace {

constexpr int delta_hidden = 128;
constexpr double offsets[] = {-0.25, 0.0, 0.25};  // of the box's size, from its centre
constexpr std::int64_t points = 9;

enum Mask : std::uint64_t { hidden_mask, zoom_mask, delta_mask };

}  // namespace

FastBox::FastBox(const FastBoxOptions& options) : options_(options) {
  encoder_ = register_module("encoder", make_encoder(options.encoder, options.width_multiple));
  const std::int64_t hidden = options.hidden, early = std::min(early_used, encoder_->early_channels());
  ip_ = register_parameter("ip", at::zeros({encoder_->deep_channels(), hidden}));
  box_out_ = register_parameter("box_out", at::zeros({hidden, 4}));
  confs_out_ = register_parameter("confs_out", at::zeros({hidden, 2}));
  delta1_ = register_parameter("delta1", at::zeros({hidden + points * early, delta_hidden}));
  delta2_ = register_parameter("delta2", at::zeros({delta_hidden, 2}));
  delta_boxes_ = register_parameter("delta_boxes", at::zeros({delta_hidden, 4}));
}

void FastBox::initialise(std::uint64_t seed) {
  encoder_->initialise(seed);
  const at::NoGradGuard no_gradient;
  auto generator = seeded_generator(seed ^ 0x6465636f646572);  // "decoder": a stream of its own
  for (at::Tensor* weight : {&ip_, &box_out_, &confs_out_, &delta1_, &delta2_, &delta_boxes_})
    weight->copy_(at::empty(weight->sizes()).uniform_(-0.1, 0.1, generator));
}

std::vector<std::pair<std::string, at::Tensor>> FastBox::parameters_in_forward_order() const {
  std::vector<std::pair<std::string, at::Tensor>> ordered;
  for (const auto& item : encoder_->named_parameters()) ordered.emplace_back("encoder." + item.key(), item.value());
  for (const auto& item : named_parameters(false)) ordered.emplace_back(item.key(), item.value());
  return ordered;
}

at::Tensor FastBox::dropped(const at::Tensor& x, const std::vector<std::uint64_t>& seeds, std::uint64_t which) const {
  if (seeds.empty() || options_.dropout == 0) return x;
  return x * dropout_mask(seeds, which, x.sizes().slice(1), options_.dropout, x.options().requires_grad(false));
}

/// Nine bilinear samples of the early features at each box: B x gh x gw x 9 * channels, point by point. Points lie at
/// (dx + ow * w + 16 + 32 j) / 8, clipped to the map, without half-pixel shift; gradients flow into features and box.
at::Tensor FastBox::rezoom(const at::Tensor& early, const at::Tensor& box) const {
  const std::int64_t b = box.size(0), gh = box.size(1), gw = box.size(2);
  const std::int64_t fh = early.size(2), fw = early.size(3);
  const at::TensorOptions options = box.options().requires_grad(false);
  const at::Tensor column = at::arange(gw, options).view({1, 1, gw}) * stride + stride / 2;
  const at::Tensor row = at::arange(gh, options).view({1, gh, 1}) * stride + stride / 2;
  const auto dx = box.select(3, 0), dy = box.select(3, 1), w = box.select(3, 2), h = box.select(3, 3);

  std::vector<at::Tensor> grids;
  for (const double ow : offsets) {
    for (const double oh : offsets) {
      const at::Tensor x = ((dx + ow * w + column) / fine_stride).clamp(0, static_cast<double>(fw - 1));
      const at::Tensor y = ((dy + oh * h + row) / fine_stride).clamp(0, static_cast<double>(fh - 1));
      grids.push_back(at::stack({2 * x / (fw - 1) - 1, 2 * y / (fh - 1) - 1}, -1));  // grid_sample's -1..1
    }
  }
  const at::Tensor grid = at::stack(grids, 3).reshape({b, gh, gw * points, 2});
  constexpr int bilinear = 0, zero_padding = 0;
  return at::grid_sampler_2d(early, grid, bilinear, zero_padding, /*align_corners=*/true)
      .view({b, early.size(1), gh, gw, points})
      .permute({0, 2, 3, 4, 1})
      .reshape({b, gh, gw, points * early.size(1)});
}

Output FastBox::forward(const at::Tensor& rgb, const std::vector<std::uint64_t>& dropout_seeds) {
  const Features features = encoder_->forward(rgb);
  const std::int64_t early = std::min<std::int64_t>(early_used, features.early.size(1));

  Output out;
  const at::Tensor deep = features.deep.permute({0, 2, 3, 1}) * options_.gains.deep;
  const at::Tensor hidden = dropped(at::matmul(deep, ip_), dropout_seeds, hidden_mask);
  out.box = at::matmul(hidden, box_out_) * 50;
  out.logits = at::matmul(hidden, confs_out_);

  const at::Tensor zoom =
      dropped(rezoom(features.early.narrow(1, 0, early), out.box), dropout_seeds, zoom_mask) * options_.gains.zoom;
  const at::Tensor delta =
      dropped(at::relu(at::matmul(at::cat({hidden, zoom}, -1), delta1_)), dropout_seeds, delta_mask);
  out.delta_logits = at::matmul(delta, delta2_) * options_.gains.delta_logits;
  out.delta_box = at::matmul(delta, delta_boxes_) * 5;
  return out;
}

}  // namespace fastbox::models
