#include "train/optimizer.hpp"

#include <ATen/ATen.h>

#include <cmath>

#include "base/error.hpp"
#include "train/adam_step.hpp"

namespace fastbox::train {

Optimizer::Optimizer(const config::OptimizerSettings& settings, at::Tensor parameters, std::vector<at::Tensor> decayed)
    : settings_(settings), parameters_(std::move(parameters)), decayed_(std::move(decayed)) {
  const bool adam = settings_.name == "adam" || settings_.name == "adamw";
  if (!adam && settings_.name != "sgd")
    fail(ExitCode::usage, "unknown optimizer '", settings_.name, "', expected adam, adamw or sgd");
  m_ = at::zeros_like(parameters_);
  if (adam) v_ = at::zeros_like(parameters_);
  if (settings_.average > 0) average_ = parameters_.clone();
}

double Optimizer::step(const at::Tensor& gradient, double learning_rate) {
  const at::NoGradGuard no_gradient;
  const double norm = gradient.norm().item<double>();
  if (!std::isfinite(norm)) return norm;
  ++steps_;
  const double clip = settings_.clip_norm > 0 && norm > settings_.clip_norm ? settings_.clip_norm / norm : 1;
  if (settings_.weight_decay > 0 && settings_.name != "adam")
    for (auto& weight : decayed_) weight.mul_(1 - learning_rate * settings_.weight_decay);

  if (settings_.name == "sgd") {
    m_.mul_(settings_.momentum).add_(gradient, clip);
    parameters_.sub_(m_, learning_rate);
  } else {
    const double t = static_cast<double>(steps_);
    const double correction1 = 1 - std::pow(settings_.beta1, t),
                 correction2 = std::sqrt(1 - std::pow(settings_.beta2, t));
    const double epsilon = settings_.name == "adam" ? settings_.epsilon : settings_.epsilon * correction2;
    adam_step(parameters_, gradient, m_, v_, learning_rate * correction2 / correction1, settings_.beta1,
              settings_.beta2, epsilon, clip);
  }
  if (average_.defined()) {
    // The average of a run's first steps is theirs alone, not the random weights': the decay rises with the step.
    const double t = static_cast<double>(steps_);
    average_.lerp_(parameters_, 1 - std::min(settings_.average, (1 + t) / (10 + t)));
  }
  return norm;
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
