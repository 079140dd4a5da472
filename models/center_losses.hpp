// The center decoder's loss over the cells, as an operator of torch's dispatcher: fastbox::center_losses.
//
// One pass over the cells gives both sums and, for the way back, the gradients of both outputs; the order of additions is
// fixed. CPU's code in center_losses.cpp, the GPU's twin in center_losses.cu, which the CUDA plugin registers.
// Thread-safe. C++17, as the twin wants it.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>

#include <vector>

#include "models/center_loss_kernel.hpp"

namespace fastbox::models {

struct CenterLossRule {
  double confidence = 1, box = 1;  ///< what each term's sum is multiplied by
  bool score_is_overlap = false, box_by_distance = false;
};

/// The terms confidence and box, each its sum times its scale: scalars, with their graph. `logits`: ... x C, `reach`: ... x
/// 4; `targets`: confidence, box, mask, weight as in Targets; all float or all double.
std::vector<at::Tensor> center_losses(const at::Tensor& logits, const at::Tensor& reach,
                                      const std::vector<at::Tensor>& targets, const CenterLossRule& rule);

// What both twins of the operator share.

/// Where the operator's results go: two terms, then the gradients of the two outputs.
inline std::vector<at::Tensor> empty_center_results(const at::Tensor& logits, const at::Tensor& reach) {
  const at::TensorOptions options = logits.options();
  return {at::empty({}, options), at::empty({}, options), at::empty(logits.sizes(), options),
          at::empty(reach.sizes(), options)};
}

/// Checks sizes, types and layout.
template <typename Number>
CenterLossMaps<Number> center_loss_maps(const at::Tensor& logits, const at::Tensor& reach, at::TensorList targets,
                                        at::TensorList results, const CenterLossRule& rule) {
  TORCH_CHECK(targets.size() == 4, "fastbox::center_losses: expected four targets");
  const std::int64_t cells = reach.numel() / 4, classes = logits.size(-1);
  const auto check = [&](const at::Tensor& map, std::int64_t numbers) {
    TORCH_CHECK(map.numel() == cells * numbers && map.is_contiguous() && map.scalar_type() == logits.scalar_type() &&
                    map.device() == logits.device(),
                "fastbox::center_losses: a map of ", map.sizes(), ", expected ", cells, " cells of ", numbers,
                " numbers, contiguous, all of one type and device");
  };
  check(logits, classes), check(reach, 4);
  check(targets[0], classes), check(targets[1], 4), check(targets[2], classes), check(targets[3], 1);
  const auto in = [](const at::Tensor& map) { return map.const_data_ptr<Number>(); };
  CenterLossMaps<Number> maps{};
  maps.logits = in(logits), maps.reach = in(reach);
  maps.confidence = in(targets[0]), maps.box = in(targets[1]), maps.mask = in(targets[2]), maps.weight = in(targets[3]);
  maps.to_logits = results[2].mutable_data_ptr<Number>(), maps.to_reach = results[3].mutable_data_ptr<Number>();
  maps.scales[0] = rule.confidence, maps.scales[1] = rule.box;
  maps.classes = static_cast<int>(classes);
  maps.score_is_overlap = rule.score_is_overlap, maps.box_by_distance = rule.box_by_distance;
  return maps;
}

}  // namespace fastbox::models
