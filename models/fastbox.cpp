#include "models/fastbox.hpp"

#include <ATen/ATen.h>

#include <algorithm>

#include "models/dropout.hpp"
#include "models/layers.hpp"
#include "models/loss.hpp"

namespace fastbox::models {
namespace {

constexpr int delta_hidden = 128;
constexpr double offsets[] = {-0.25, 0.0, 0.25};  // of the box's size, from its centre
constexpr std::int64_t points = 9;

enum Mask : std::uint64_t { hidden_mask, zoom_mask, delta_mask };

}  // namespace

FastBox::FastBox(const FastBoxOptions& options)
    : Network(make_encoder(options.encoder, options.width_multiple)), options_(options) {
  const std::int64_t hidden = options.hidden, early = std::min(early_used, encoder_->early_channels());
  ip_ = register_parameter("ip", at::zeros({encoder_->deep_channels(), hidden}));
  box_out_ = register_parameter("box_out", at::zeros({hidden, 4}));
  confs_out_ = register_parameter("confs_out", at::zeros({hidden, 1 + options.classes}));
  delta1_ = register_parameter("delta1", at::zeros({hidden + points * early, delta_hidden}));
  delta2_ = register_parameter("delta2", at::zeros({delta_hidden, 1 + options.classes}));
  delta_boxes_ = register_parameter("delta_boxes", at::zeros({delta_hidden, 4}));
}

void FastBox::initialise(std::uint64_t seed) {
  encoder_->initialise(seed);
  const at::NoGradGuard no_gradient;
  auto generator = seeded_generator(seed ^ 0x6465636f646572);  // "decoder": a stream of its own
  for (at::Tensor* weight : {&ip_, &box_out_, &confs_out_, &delta1_, &delta2_, &delta_boxes_})
    weight->copy_(at::empty(weight->sizes()).uniform_(-0.1, 0.1, generator));
}

std::vector<std::string> FastBox::loss_names() const {
  return {"confidence", "box", "delta_confidence", "delta_box", "weight_decay"};
}

std::vector<at::Tensor> FastBox::losses(const at::Tensor& rgb, const Targets& targets,
                                        const std::vector<std::uint64_t>& dropout_seeds, const LossOptions& options,
                                        double global_images) {
  const Losses terms =
      models::losses(forward(rgb, dropout_seeds), targets, encoder_->kernels(), options, global_images);
  return {terms.confidence, terms.box, terms.delta_confidence, terms.delta_box, terms.weight_decay};
}

std::vector<at::Tensor> FastBox::outputs(const at::Tensor& rgb, const std::vector<std::uint64_t>& dropout_seeds) {
  const Output out = forward(rgb, dropout_seeds);
  return {out.logits, out.box, out.delta_logits, out.delta_box};
}

/// Of a softmax, log(p / (1 - p)) of a class is its own logit less the logarithm of the sum of the others' exponentials.
at::Tensor FastBox::confidence_logits(const at::Tensor& rgb) {
  const at::Tensor logits = forward(rgb).delta_logits;
  const std::int64_t all = logits.size(-1);
  std::vector<at::Tensor> odds;
  for (std::int64_t c = 1; c < all; ++c) {
    const at::Tensor others = at::cat({logits.narrow(-1, 0, c), logits.narrow(-1, c + 1, all - c - 1)}, -1);
    odds.push_back(logits.select(-1, c) - at::logsumexp(others, {-1}));
  }
  return at::stack(odds, -1);
}

Prediction FastBox::see(const at::Tensor& rgb) {
  const Output out = forward(rgb);
  const at::Tensor probability = at::softmax(out.delta_logits.to(at::kDouble), -1).to(out.delta_logits.scalar_type());
  return {probability.narrow(-1, 1, options_.classes), out.box + out.delta_box};
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
  const at::Tensor column = at::arange(gw, options).view({1, 1, gw}) * cell + cell / 2;
  const at::Tensor row = at::arange(gh, options).view({1, gh, 1}) * cell + cell / 2;
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
  // Where the arithmetic is of lower precision than the image, it ends at the outputs.
  const auto exact = [&](const at::Tensor& map) { return map.to(rgb.scalar_type()); };
  out.box = exact(at::matmul(hidden, box_out_)) * 50;
  out.logits = exact(at::matmul(hidden, confs_out_));

  const at::Tensor zoom =
      dropped(rezoom(exact(features.early.narrow(1, 0, early)), out.box), dropout_seeds, zoom_mask) *
      options_.gains.zoom;
  const at::Tensor delta =
      dropped(at::relu(at::matmul(at::cat({hidden, zoom}, -1), delta1_)), dropout_seeds, delta_mask);
  out.delta_logits = exact(at::matmul(delta, delta2_)) * options_.gains.delta_logits;
  out.delta_box = exact(at::matmul(delta, delta_boxes_)) * 5;
  return out;
}

}  // namespace fastbox::models
