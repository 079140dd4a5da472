// Random maps for group normalisation, its results and gradients, for its tests on the CPU and on GPUs.
//
// Test processes only; one thread.
#pragma once

#include <ATen/ATen.h>

#include "models/group_norm.hpp"
#include "models/layers.hpp"

namespace fastbox::test {

struct NormCase {
  at::Tensor x, residual, weight, bias, gradient;
};

/// Channels-last maps of the type, with a mean that is not zero.
inline NormCase make_norm_case(at::IntArrayRef sizes, at::ScalarType type) {
  auto generator = models::seeded_generator(7);
  const auto drawn = [&](at::IntArrayRef of, double mean) { return at::empty(of).normal_(mean, 1, generator); };
  const auto maps = [&](double mean) { return drawn(sizes, mean).to(type).contiguous(at::MemoryFormat::ChannelsLast); };
  return {maps(3), maps(0), drawn({sizes[1]}, 1), drawn({sizes[1]}, 0), maps(0)};
}

inline NormCase moved(const NormCase& given, c10::Device device) {
  return {given.x.to(device), given.residual.to(device), given.weight.to(device), given.bias.to(device),
          given.gradient.to(device)};
}

struct NormResults {
  at::Tensor y, x, residual, weight, bias;  // the output and the gradients
};

/// On given's device, to the CPU.
template <typename Normalise>
NormResults run_norm(const Normalise& normalise, const NormCase& given, at::ScalarType type, bool activate, bool adds) {
  const auto leaf = [](const at::Tensor& tensor, at::ScalarType as) {
    return tensor.to(as).detach().clone().requires_grad_();
  };
  const auto weights = type == at::kDouble ? at::kDouble : at::kFloat;
  const at::Tensor x = leaf(given.x, type), residual = leaf(given.residual, type);
  const at::Tensor weight = leaf(given.weight, weights), bias = leaf(given.bias, weights);
  const at::Tensor y = normalise(x, weight, bias, models::GroupNormOptions{activate, adds ? residual : at::Tensor()});
  y.backward(given.gradient.to(type));
  return {y.detach().cpu(), x.grad().cpu(), adds ? residual.grad().cpu() : at::zeros({1}), weight.grad().cpu(),
          bias.grad().cpu()};
}

/// The largest difference over the largest value.
inline double difference(const at::Tensor& ours, const at::Tensor& expected) {
  return (ours.to(at::kDouble) - expected).abs().max().item<double>() / expected.abs().max().item<double>();
}

}  // namespace fastbox::test
