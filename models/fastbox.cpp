#include "models/fastbox.hpp"

#include <ATen/ATen.h>

#include <algorithm>

#include "models/dropout.hpp"
#include "models/layers.hpp"
#include "models/loss.hpp"
#include "models/rezoom.hpp"
#include "models/rezoom_kernel.hpp"
#include "models/rounded_copies.hpp"

namespace fastbox::models {
namespace {

constexpr int delta_hidden = 128;
static_assert(FastBox::cell == zoom_cell);

enum Mask : std::uint64_t { hidden_mask, zoom_mask, delta_mask };

}  // namespace

FastBox::FastBox(const FastBoxOptions& options)
    : Network(make_encoder(options.encoder, options.width_multiple)), options_(options) {
  const std::int64_t hidden = options.hidden, early = std::min(early_used, encoder_->early_channels());
  ip_ = register_parameter("ip", at::zeros({encoder_->deep_channels(), hidden}));
  box_out_ = register_parameter("box_out", at::zeros({hidden, 4}));
  confs_out_ = register_parameter("confs_out", at::zeros({hidden, 1 + options.classes}));
  delta1_ = register_parameter("delta1", at::zeros({hidden + zoom_points * early, delta_hidden}));
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

std::vector<at::Tensor> FastBox::losses(const at::Tensor& rgb, const Targets& targets, const at::Tensor& dropout_seeds,
                                        const LossOptions& options, double global_images) {
  const Losses terms =
      models::losses(forward(rgb, dropout_seeds), targets, encoder_->kernels(), options, global_images);
  return {terms.confidence, terms.box, terms.delta_confidence, terms.delta_box, terms.weight_decay};
}

std::vector<at::Tensor> FastBox::outputs(const at::Tensor& rgb, const at::Tensor& dropout_seeds) {
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

/// `seeds`: undefined for no dropout.
at::Tensor FastBox::dropped(const at::Tensor& x, const at::Tensor& seeds, std::uint64_t which) const {
  if (!seeds.defined()) return x;
  return x * dropout_mask(seeds, which, x.sizes().slice(1), options_.dropout, x.options().requires_grad(false));
}

Output FastBox::forward(const at::Tensor& rgb, const at::Tensor& dropout_seeds) {
  const Features features = encoder_->forward(rgb);
  const std::int64_t early = std::min<std::int64_t>(early_used, features.early.size(1));
  const at::Tensor seeds = options_.dropout != 0 ? dropout_seeds : at::Tensor();

  Output out;
  const at::Tensor deep = features.deep.permute({0, 2, 3, 1}) * options_.gains.deep;
  const at::Tensor hidden = dropped(at::matmul(deep, operand_of(ip_)), seeds, hidden_mask);
  // Where the arithmetic is of lower precision than the image, it ends at the outputs.
  const auto exact = [&](const at::Tensor& map) { return map.to(rgb.scalar_type()); };
  out.box = exact(at::matmul(hidden, operand_of(box_out_))) * 50;
  out.logits = exact(at::matmul(hidden, operand_of(confs_out_)));

  const at::Tensor zoom =
      dropped(rezoom(features.early.narrow(1, 0, early), out.box), seeds, zoom_mask) * options_.gains.zoom;
  const at::Tensor delta =
      dropped(at::relu(at::matmul(at::cat({hidden, zoom}, -1), operand_of(delta1_))), seeds, delta_mask);
  out.delta_logits = exact(at::matmul(delta, operand_of(delta2_))) * options_.gains.delta_logits;
  out.delta_box = exact(at::matmul(delta, operand_of(delta_boxes_))) * 5;
  return out;
}

}  // namespace fastbox::models
