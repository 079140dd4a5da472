// The terms of FastBox's loss that are sums over cells, as operators of torch's dispatcher: fastbox::grid_losses and
// fastbox::grid_losses_backward.
//
// One pass over the cells gives the four sums and, for the way back, all gradients; the order of additions is fixed
// (block_sum.hpp). CPU's code in grid_losses.cpp, the GPU's twin in grid_losses.cu, which the CUDA plugin registers.
// Thread-safe. C++17, as the twin wants it.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>

#include <array>
#include <vector>

#include "models/loss_kernel.hpp"

namespace fastbox::models {

using LossScales = std::array<double, loss_terms>;

/// The terms confidence, box, delta confidence and delta box, each its sum times its scale: scalars, with their graph.
/// `outputs`: logits, box, delta logits, delta box as in Output; `targets`: confidence, box, mask, weight as in
/// Targets; all float or all double. `clip`: of the delta box's squares.
std::vector<at::Tensor> grid_losses(const std::vector<at::Tensor>& outputs, const std::vector<at::Tensor>& targets,
                                    const LossScales& scales, double clip);

// What both twins of the operators share.

/// Where the operator's results go: four terms, then the gradients of the four outputs.
inline std::vector<at::Tensor> empty_loss_results(at::TensorList outputs) {
  std::vector<at::Tensor> results;
  for (int i = 0; i < loss_terms; ++i) results.push_back(at::empty({}, outputs[0].options()));
  for (const at::Tensor& output : outputs) results.push_back(at::empty(output.sizes(), output.options()));
  return results;
}

inline std::int64_t loss_cells(at::TensorList outputs) {
  return outputs[1].numel() / 4;
}

/// Checks sizes, types and layout.
template <typename Number>
LossMaps<Number> loss_maps(at::TensorList outputs, at::TensorList targets, at::TensorList results,
                           at::ArrayRef<double> scales, double clip) {
  TORCH_CHECK(outputs.size() == loss_terms && targets.size() == loss_terms && scales.size() == loss_terms,
              "fastbox::grid_losses: expected four outputs, targets and scales");
  const std::int64_t cells = loss_cells(outputs), classes = outputs[0].size(-1) - 1;
  const auto check = [&](const at::Tensor& map, std::int64_t numbers) {
    TORCH_CHECK(map.numel() == cells * numbers && map.is_contiguous() &&
                    map.scalar_type() == outputs[0].scalar_type() && map.device() == outputs[0].device(),
                "fastbox::grid_losses: a map of ", map.sizes(), ", expected ", cells, " cells of ", numbers,
                " numbers, contiguous, all of one type and device");
  };
  const std::int64_t of_outputs[] = {1 + classes, 4, 1 + classes, 4}, of_targets[] = {classes, 4, classes, 1};
  for (std::size_t i = 0; i < loss_terms; ++i) check(outputs[i], of_outputs[i]), check(targets[i], of_targets[i]);

  LossMaps<Number> maps{};
  const auto in = [](const at::Tensor& map) { return map.const_data_ptr<Number>(); };
  const auto out = [](const at::Tensor& map) { return map.mutable_data_ptr<Number>(); };
  maps.logits = in(outputs[0]), maps.box = in(outputs[1]);
  maps.delta_logits = in(outputs[2]), maps.delta_box = in(outputs[3]);
  maps.confidence = in(targets[0]), maps.target_box = in(targets[1]);
  maps.mask = in(targets[2]), maps.weight = in(targets[3]);
  maps.to_logits = out(results[4]), maps.to_box = out(results[5]);
  maps.to_delta_logits = out(results[6]), maps.to_delta_box = out(results[7]);
  for (std::size_t i = 0; i < loss_terms; ++i) maps.scales[i] = scales[i];
  maps.clip = clip;
  maps.classes = static_cast<int>(classes);
  return maps;
}

/// `gradients`: grid_losses' own, of the four outputs; `incoming`: scalars; `results`: as the gradients.
template <typename Number>
LossGradients<Number> loss_gradients(at::TensorList gradients, at::TensorList incoming, at::TensorList results) {
  LossGradients<Number> maps{};
  const auto in = [](const at::Tensor& map) { return map.const_data_ptr<Number>(); };
  const auto out = [](const at::Tensor& map) { return map.mutable_data_ptr<Number>(); };
  maps.logits = in(gradients[0]), maps.box = in(gradients[1]);
  maps.delta_logits = in(gradients[2]), maps.delta_box = in(gradients[3]);
  for (std::size_t i = 0; i < loss_terms; ++i) maps.incoming[i] = in(incoming[i]);
  maps.to_logits = out(results[0]), maps.to_box = out(results[1]);
  maps.to_delta_logits = out(results[2]), maps.to_delta_box = out(results[3]);
  maps.classes = static_cast<int>(gradients[0].size(-1) - 1);
  return maps;
}

}  // namespace fastbox::models
