#include "models/center.hpp"

#include <ATen/ATen.h>

#include <cmath>

#include "base/error.hpp"
#include "models/center_loss.hpp"
#include "models/pixel_shuffle.hpp"

namespace fastbox::models {
namespace {

constexpr int feature_stride = 8, deep_stride = 32;  // pixels
constexpr double first_confidence = 0.01;            // before anything is learned: objects are rare
constexpr double first_reach = 32;                   // pixels
constexpr double longest_reach = 4096;               // pixels: keeps the exponential finite
constexpr double head_gain = 0.1;                    // the first maps are nearly flat

Convolution::Options pointwise(int in, int out) {
  return {in, out, 1, 1, /*padding=*/0, true};
}

at::Tensor channels_last(const at::Tensor& maps) {
  return maps.permute({0, 2, 3, 1});
}

}  // namespace

Center::Center(const CenterOptions& options)
    : Network(make_encoder(options.encoder, options.width_multiple)), options_(options) {
  const bool is_fine = options.cell == feature_stride / 2;
  const int group = channels_per_group * (is_fine ? 2 : 1);
  if (options.hidden < group || options.hidden % group != 0)
    fail(ExitCode::usage, "model.hidden: ", options.hidden, ", expected a multiple of ", group,
         " for model.decoder center");
  if (!is_fine && options.cell != feature_stride)
    fail(ExitCode::usage, "model.cell: ", options.cell, ", expected 4 or 8");
  int channels = encoder_->early_channels();
  if (!encoder_->early_knows_deep()) {
    early_ = register_module("early", std::make_shared<Convolution>(pointwise(channels, options.hidden)));
    deep_ =
        register_module("deep", std::make_shared<Convolution>(pointwise(encoder_->deep_channels(), options.hidden)));
    channels = options.hidden;
  }
  tower_ = register_module("tower", std::make_shared<NormalisedConvolution>(channels, options.hidden, 3, 1));
  channels = options.hidden;
  if (is_fine) {
    channels /= 2;
    expand_ = register_module("expand", std::make_shared<Convolution>(pointwise(options.hidden, 4 * channels)));
    fine_ = register_module("fine", std::make_shared<NormalisedConvolution>(channels, channels, 3, 1));
  }
  confidence_ = register_module("confidence", std::make_shared<Convolution>(pointwise(channels, options.classes)));
  box_ = register_module("box", std::make_shared<Convolution>(pointwise(channels, 4)));
}

void Center::initialise(std::uint64_t seed) {
  encoder_->initialise(seed);
  auto generator = seeded_generator(seed ^ 0x63656e746572);  // "center": a stream of its own
  for (const auto& layer : {early_, deep_, expand_})
    if (layer) layer->initialise(generator);
  tower_->initialise(generator);
  if (fine_) fine_->initialise(generator);
  confidence_->initialise(generator, head_gain);
  box_->initialise(generator, head_gain);
  const at::NoGradGuard no_gradient;
  confidence_->bias.fill_(-std::log((1 - first_confidence) / first_confidence));
  box_->bias.fill_(std::log(first_reach / options_.cell));
}

Center::Maps Center::forward(const at::Tensor& rgb) {
  const Features features = encoder_->forward(rgb);
  at::Tensor x = features.early;
  if (early_) {
    constexpr int times = deep_stride / feature_stride;
    const at::Tensor deep = deep_->forward(features.deep);
    x = early_->forward(x) + at::upsample_nearest2d(deep, {times * deep.size(2), times * deep.size(3)});
  }
  x = tower_->forward(x);
  if (fine_) x = fine_->forward(pixel_shuffle(expand_->forward(x)));
  // Where the arithmetic is of lower precision than the image, it ends here.
  const auto exact = [&](const at::Tensor& map) { return channels_last(map).to(rgb.scalar_type()); };
  const at::Tensor reach = exact(box_->forward(x)).clamp_max(std::log(longest_reach / options_.cell)).exp();
  return {exact(confidence_->forward(x)), reach * options_.cell};
}

std::vector<std::string> Center::loss_names() const {
  return {"confidence", "box", "weight_decay"};
}

std::vector<at::Tensor> Center::losses(const at::Tensor& rgb, const Targets& targets, const at::Tensor&,
                                       const LossOptions& options, double global_images) {
  const Maps maps = forward(rgb);
  const CenterLosses terms = losses_of_cells(maps.logits, maps.reach, targets, options, global_images);
  return {terms.confidence, terms.box,
          weight_decay_of(encoder_->kernels(), options.weight_decay, static_cast<double>(rgb.size(0)), global_images,
                          targets.weight.options())};
}

std::vector<at::Tensor> Center::outputs(const at::Tensor& rgb, const at::Tensor&) {
  const Maps maps = forward(rgb);
  return {maps.logits, maps.reach};
}

at::Tensor Center::confidence_logits(const at::Tensor& rgb) {
  return forward(rgb).logits;
}

Prediction Center::see(const at::Tensor& rgb) {
  const Maps maps = forward(rgb);
  const at::Tensor near = maps.reach.narrow(-1, 0, 2), far = maps.reach.narrow(-1, 2, 2);
  return {at::sigmoid(maps.logits), at::cat({(far - near) / 2, near + far}, -1)};
}

void Center::settle(Prediction& seen) const {
  const at::Tensor maps = seen.confidence.permute({0, 3, 1, 2});
  const at::Tensor highest = at::max_pool2d(maps, {3, 3}, {1, 1}, {1, 1}).permute({0, 2, 3, 1});
  seen.confidence = seen.confidence * seen.confidence.eq(highest).to(seen.confidence.scalar_type());
}

}  // namespace fastbox::models
