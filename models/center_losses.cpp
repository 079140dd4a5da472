#include "models/center_losses.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include "models/loss_sums.hpp"

namespace fastbox::models {
namespace {

std::vector<at::Tensor> center_losses_cpu(const at::Tensor& logits, const at::Tensor& reach, at::TensorList targets,
                                          double confidence, double box, bool score_is_overlap, bool box_by_distance) {
  std::vector<at::Tensor> results = empty_center_results(logits, reach);
  AT_DISPATCH_FLOATING_TYPES(logits.scalar_type(), "center_losses", [&] {
    const CenterLossRule rule{confidence, box, score_is_overlap, box_by_distance};
    sum_cells(center_loss_maps<scalar_t>(logits, reach, targets, results, rule), reach.numel() / 4, results);
  });
  return results;
}

struct CellLosses : torch::autograd::Function<CellLosses> {
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context, const at::Tensor& logits,
                                                const at::Tensor& reach, const std::vector<at::Tensor>& targets,
                                                const CenterLossRule& rule) {
    static const auto handle = c10::Dispatcher::singleton()
                                   .findSchemaOrThrow("fastbox::center_losses", "")
                                   .typed<std::vector<at::Tensor>(const at::Tensor&, const at::Tensor&, at::TensorList,
                                                                  double, double, bool, bool)>();
    const at::AutoDispatchBelowADInplaceOrView plain_tensors;
    std::vector<at::Tensor> dense;
    for (const at::Tensor& target : targets) dense.push_back(target.contiguous());
    auto results = handle.call(logits.contiguous(), reach.contiguous(), dense, rule.confidence, rule.box,
                               rule.score_is_overlap, rule.box_by_distance);
    context->save_for_backward({results[2], results[3]});
    results.resize(2);
    return results;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& incoming) {
    const auto gradients = context->get_saved_variables();
    return {gradients[0] * incoming[0], gradients[1] * incoming[1], at::Tensor(), at::Tensor()};
  }
};

}  // namespace

std::vector<at::Tensor> center_losses(const at::Tensor& logits, const at::Tensor& reach,
                                      const std::vector<at::Tensor>& targets, const CenterLossRule& rule) {
  return CellLosses::apply(logits, reach, targets, rule);
}

}  // namespace fastbox::models

TORCH_LIBRARY_FRAGMENT(fastbox, library) {
  library.def(
      "center_losses(Tensor logits, Tensor reach, Tensor[] targets, float confidence, float box, "
      "bool score_is_overlap, bool box_by_distance) -> Tensor[]");
}

TORCH_LIBRARY_IMPL(fastbox, CPU, library) {
  library.impl("center_losses", &fastbox::models::center_losses_cpu);
}
