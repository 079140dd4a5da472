#include "models/batch_norm.hpp"

#include <ATen/ATen.h>

namespace fastbox::models {
namespace {

constexpr double momentum = 0.1;  // the share of a pass in the running statistics: torch's default

}  // namespace

BatchNorm::BatchNorm(int channels, double epsilon) : epsilon_(epsilon) {
  weight = register_parameter("weight", at::ones({channels}));
  bias = register_parameter("bias", at::zeros({channels}));
  running_mean = register_buffer("running_mean", at::zeros({channels}));
  running_var = register_buffer("running_var", at::ones({channels}));
}

at::Tensor BatchNorm::forward(const at::Tensor& x) const {
  const bool by_pass = !frozen_ && is_training();
  return at::batch_norm(x, weight, bias, running_mean, running_var, by_pass, momentum, epsilon_,
                        /*cudnn_enabled=*/true);
}

void BatchNorm::freeze() {
  frozen_ = true;
  weight.set_requires_grad(false);
  bias.set_requires_grad(false);
}

void BatchNorm::initialise() {
  const at::NoGradGuard no_gradient;
  weight.fill_(1);
  bias.zero_();
  running_mean.zero_();
  running_var.fill_(1);
}

}  // namespace fastbox::models
