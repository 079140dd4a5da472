#include "train/optimizer.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>
#include <set>

#include "base/error.hpp"

namespace fastbox::train {
namespace {

/// Of the matrices and kernels. What lies between a layer and the next is zero, so it may decay with the former.
WeightDecay decay_of(const std::vector<Layer>& layers, const at::Tensor& parameters) {
  constexpr std::int64_t largest_block = 16;  // elements; where the layers begin at multiples of it
  WeightDecay decay;
  decay.block = largest_block;
  for (const Layer& layer : layers)
    while (layer.offset % decay.block != 0) decay.block /= 2;
  const auto blocks_of = [&](std::int64_t elements) { return (elements + decay.block - 1) / decay.block; };
  const at::Tensor blocks = at::zeros({blocks_of(parameters.numel())}, at::kByte);
  for (const Layer& layer : layers)
    if (layer.is_matrix) blocks.narrow(0, layer.offset / decay.block, blocks_of(layer.count)).fill_(1);
  decay.blocks = blocks.to(parameters.device());
  return decay;
}

}  // namespace

Optimizer::Optimizer(const config::OptimizerSettings& settings, at::Tensor parameters, std::vector<Layer> layers)
    : settings_(settings), parameters_(std::move(parameters)), layers_(std::move(layers)) {
  static const std::set<std::string> known = {"adam", "adamw", "sgd", "lars", "lamb"};
  if (known.count(settings_.name) == 0)
    fail(ExitCode::usage, "unknown optimizer '", settings_.name, "', expected adam, adamw, sgd, lars or lamb");
  for (const Layer& layer : layers_)
    if (layer.offset < 0 || layer.count < 0 || layer.offset + layer.count > parameters_.numel())
      fail(ExitCode::defect, "a layer of ", layer.count, " elements from ", layer.offset, ", expected within ",
           parameters_.numel());
  m_ = at::zeros_like(parameters_);
  if (settings_.name != "sgd" && settings_.name != "lars") v_ = at::zeros_like(parameters_);
  if (settings_.name == "lamb") scratch_ = at::empty_like(parameters_);
  if (settings_.average > 0) average_ = parameters_.clone();
  if (settings_.name == "adamw" && settings_.weight_decay > 0) decay_ = decay_of(layers_, parameters_);
}

void Optimizer::step(const at::Tensor& gradient, double gradient_norm, double learning_rate,
                     const at::Tensor& rounded) {
  const at::NoGradGuard no_gradient;
  ++steps_;
  parameters_.unsafeGetTensorImpl()->bump_version();  // torch counts its own writes, and not those of kernels of ours
  const bool clipped = settings_.clip_norm > 0 && gradient_norm > settings_.clip_norm;
  const double clip = clipped ? settings_.clip_norm / gradient_norm : 1;
  if (settings_.name == "lars") {
    lars_step(parameters_, gradient, m_, layers_,
              {learning_rate, settings_.momentum, settings_.trust, settings_.weight_decay, clip});
  } else if (settings_.name == "lamb") {
    lamb_step(
        parameters_, gradient, m_, v_, scratch_, layers_,
        {learning_rate, settings_.beta1, settings_.beta2, settings_.epsilon, settings_.weight_decay, clip, steps_});
  } else if (settings_.name == "sgd") {
    step_sgd(gradient, clip, learning_rate);
  } else {
    return step_adam(gradient, clip, learning_rate, rounded);  // the average with it
  }
  if (average_.defined()) average_.lerp_(parameters_, average_share());
  if (rounded.defined()) rounded.copy_(parameters_);
}

double Optimizer::average_share() const {
  // The average of a run's first steps is theirs alone, not the random weights': the decay rises with the step.
  const double t = static_cast<double>(steps_);
  return 1 - std::min(settings_.average, (1 + t) / (10 + t));
}

void Optimizer::step_sgd(const at::Tensor& gradient, double clip, double learning_rate) {
  const double kept = 1 - learning_rate * settings_.weight_decay;
  for (const Layer& layer : layers_)
    if (layer.is_matrix && settings_.weight_decay > 0) parameters_.narrow(0, layer.offset, layer.count).mul_(kept);
  m_.mul_(settings_.momentum).add_(gradient, clip);
  parameters_.sub_(m_, learning_rate);
}

void Optimizer::step_adam(const at::Tensor& gradient, double clip, double learning_rate, const at::Tensor& rounded) {
  const bool tensorflow = settings_.name == "adam";  // its form of epsilon, and no decay
  const double t = static_cast<double>(steps_);
  const double correction1 = 1 - std::pow(settings_.beta1, t),
               correction2 = std::sqrt(1 - std::pow(settings_.beta2, t));
  decay_.kept = 1 - learning_rate * settings_.weight_decay;
  adam_step(parameters_, gradient, m_, v_,
            {learning_rate * correction2 / correction1, settings_.beta1, settings_.beta2,
             tensorflow ? settings_.epsilon : settings_.epsilon * correction2, clip},
            decay_, {average_, average_share()}, rounded);
}

std::map<std::string, at::Tensor> Optimizer::state() const {
  std::map<std::string, at::Tensor> named = {{"m", m_}};
  if (v_.defined()) named["v"] = v_;
  if (average_.defined()) named["parameters"] = parameters_;
  return named;
}

void Optimizer::restore(std::int64_t steps) {
  steps_ = steps;
}

}  // namespace fastbox::train
