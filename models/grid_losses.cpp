#include "models/grid_losses.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include "models/loss_sums.hpp"

namespace fastbox::models {
namespace {

std::vector<at::Tensor> grid_losses_cpu(at::TensorList outputs, at::TensorList targets, at::ArrayRef<double> scales,
                                        double clip) {
  std::vector<at::Tensor> results = empty_loss_results(outputs);
  AT_DISPATCH_FLOATING_TYPES(outputs[0].scalar_type(), "grid_losses", [&] {
    sum_cells(loss_maps<scalar_t>(outputs, targets, results, scales, clip), loss_cells(outputs), results);
  });
  return results;
}

std::vector<at::Tensor> grid_losses_backward_cpu(at::TensorList gradients, at::TensorList incoming) {
  constexpr std::int64_t cells_per_task = 1 << 12;
  std::vector<at::Tensor> results;
  for (const at::Tensor& gradient : gradients) results.push_back(at::empty_like(gradient));
  AT_DISPATCH_FLOATING_TYPES(gradients[0].scalar_type(), "grid_losses_backward", [&] {
    const auto maps = loss_gradients<scalar_t>(gradients, incoming, results);
    parallel_for(0, loss_cells(gradients), cells_per_task, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t cell = begin; cell < end; ++cell) loss_gradient_cell(maps, cell);
    });
  });
  return results;
}

std::vector<at::Tensor> call(at::TensorList outputs, at::TensorList targets, at::ArrayRef<double> scales, double clip) {
  static const auto handle =
      c10::Dispatcher::singleton()
          .findSchemaOrThrow("fastbox::grid_losses", "")
          .typed<std::vector<at::Tensor>(at::TensorList, at::TensorList, at::ArrayRef<double>, double)>();
  return handle.call(outputs, targets, scales, clip);
}

std::vector<at::Tensor> call_backward(at::TensorList gradients, at::TensorList incoming) {
  static const auto handle = c10::Dispatcher::singleton()
                                 .findSchemaOrThrow("fastbox::grid_losses_backward", "")
                                 .typed<std::vector<at::Tensor>(at::TensorList, at::TensorList)>();
  return handle.call(gradients, incoming);
}

std::vector<at::Tensor> contiguous(const std::vector<at::Tensor>& maps) {
  std::vector<at::Tensor> result;
  for (const at::Tensor& map : maps) result.push_back(map.contiguous());
  return result;
}

struct GridLosses : torch::autograd::Function<GridLosses> {
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context, const at::Tensor& logits,
                                                const at::Tensor& box, const at::Tensor& delta_logits,
                                                const at::Tensor& delta_box, const std::vector<at::Tensor>& targets,
                                                const LossScales& scales, double clip) {
    const at::AutoDispatchBelowADInplaceOrView plain_tensors;
    auto results = call(contiguous({logits, box, delta_logits, delta_box}), contiguous(targets), scales, clip);
    context->save_for_backward({results.begin() + loss_terms, results.end()});
    results.resize(loss_terms);
    return results;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& incoming) {
    auto gradients = call_backward(context->get_saved_variables(), incoming);
    gradients.resize(loss_terms + 3);  // targets, scales and clip have none
    return gradients;
  }
};

}  // namespace

std::vector<at::Tensor> grid_losses(const std::vector<at::Tensor>& outputs, const std::vector<at::Tensor>& targets,
                                    const LossScales& scales, double clip) {
  return GridLosses::apply(outputs[0], outputs[1], outputs[2], outputs[3], targets, scales, clip);
}

}  // namespace fastbox::models

TORCH_LIBRARY_FRAGMENT(fastbox, library) {
  library.def("grid_losses(Tensor[] outputs, Tensor[] targets, float[] scales, float clip) -> Tensor[]");
  library.def("grid_losses_backward(Tensor[] gradients, Tensor[] incoming) -> Tensor[]");
}

TORCH_LIBRARY_IMPL(fastbox, CPU, library) {
  library.impl("grid_losses", &fastbox::models::grid_losses_cpu);
  library.impl("grid_losses_backward", &fastbox::models::grid_losses_backward_cpu);
}
