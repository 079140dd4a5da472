// Our model against a file of reference numbers, tensor by tensor.
#pragma once

#include <catch2/catch.hpp>

#include "oracle/oracle.hpp"

namespace fastbox::test {

struct Tolerances {
  double outputs_and_losses, decoder_gradients, encoder_gradients;
};

/// What the reference promises of itself: float64 to 1e-9; in float32 a few ReLU and max-pool decisions flip.
inline Tolerances tolerances_for(const Oracle& oracle) {
  if (oracle.is_double()) return {1e-9, 1e-9, 1e-9};
  return {1e-5, 3e-3, 3e-3};
}

inline void compare_with_oracle(const Oracle& oracle) {
  const Tolerances allowed = tolerances_for(oracle);
  const auto model = oracle.model();
  const auto out = model->forward(oracle.image());
  const auto same = [&](const std::string& name, const at::Tensor& ours, double tolerance) {
    INFO(name);
    REQUIRE(ours.sizes() == oracle[name].sizes());
    CHECK(relative_difference(ours, oracle[name]) < tolerance);
  };
  same("output/logits", out.logits, allowed.outputs_and_losses);
  same("output/box", out.box, allowed.outputs_and_losses);
  same("output/delta_logits", out.delta_logits, allowed.outputs_and_losses);
  same("output/delta_box", out.delta_box, allowed.outputs_and_losses);

  const auto terms = models::losses(out, oracle.targets(), model->encoder().kernels(), {}, oracle.images());
  same("loss/confidence", terms.confidence, allowed.outputs_and_losses);
  same("loss/box", terms.box, allowed.outputs_and_losses);
  same("loss/delta_confidence", terms.delta_confidence, allowed.outputs_and_losses);
  same("loss/delta_box", terms.delta_box, allowed.outputs_and_losses);
  same("loss/weight_decay", terms.weight_decay, allowed.outputs_and_losses);
  same("loss/total", terms.total(), allowed.outputs_and_losses);

  terms.total().backward();
  at::Tensor squares = at::zeros({}, at::kDouble);
  for (const auto& [name, parameter] : model->parameters_in_forward_order()) {
    squares += parameter.grad().to(at::kDouble).square().sum();
    same("gradient/" + name, parameter.grad(),
         name.starts_with("encoder.") ? allowed.encoder_gradients : allowed.decoder_gradients);
  }
  same("loss/gradient_norm", squares.sqrt(), allowed.decoder_gradients);
}

}  // namespace fastbox::test
