#include "train/model_cost.hpp"

#include <ATen/ATen.h>
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/accumulate_grad.h>
#include <torch/csrc/autograd/variable.h>

#include <map>
#include <numeric>
#include <set>

#include "base/error.hpp"
#include "models/dropout.hpp"

namespace fastbox::train {
namespace {

/// One convolution or matrix product of a parameter with its layer's input.
struct Product {
  const void* parameter = nullptr;  ///< the data of it
  double flop = 0;
  bool input_has_gradient = false;
};

/// `node`: backward of an operation with the parameter; what comes in is the gradient of the operation's output.
Product product_of(const torch::autograd::Node& node, const at::Tensor& parameter) {
  const std::string name = node.name();
  const bool convolution = name.starts_with("ConvolutionBackward") || name.find("FusedConvRelu") != std::string::npos ||
                           name.find("WinogradConvolution") != std::string::npos;
  if (!convolution && !name.starts_with("MmBackward"))
    fail(ExitCode::defect, "the arithmetic of ", name, " on a parameter of ", parameter.dim(),
         " dimensions is unknown");
  double outputs = 1;
  for (const c10::SymInt& size : node.input_metadata(0).shape_as_dim_vector())
    outputs *= static_cast<double>(size.expect_int());
  const std::int64_t channels = parameter.size(convolution ? 0 : 1);
  return {parameter.const_data_ptr(), 2 * outputs * static_cast<double>(parameter.numel() / channels),
          node.next_edge(0).is_valid()};
}

/// Every product with a kernel or matrix in the graph that backward would walk from `outputs`.
std::vector<Product> products_behind(const std::vector<at::Tensor>& outputs) {
  std::vector<Product> products;
  std::set<const torch::autograd::Node*> seen;
  std::vector<torch::autograd::Node*> open;
  for (const auto& output : outputs) open.push_back(output.grad_fn().get());
  while (!open.empty()) {
    const torch::autograd::Node* node = open.back();
    open.pop_back();
    if (!seen.insert(node).second) continue;
    for (const auto& edge : node->next_edges()) {
      if (!edge.is_valid()) continue;
      open.push_back(edge.function.get());
      const auto* leaf = dynamic_cast<const torch::autograd::AccumulateGrad*>(edge.function.get());
      if (leaf != nullptr && leaf->variable.dim() >= 2) products.push_back(product_of(*node, leaf->variable));
    }
  }
  return products;
}

/// Counts the bytes that this thread's tensors hold.
class LiveBytes : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void*, std::int64_t size, std::size_t, std::size_t, c10::Device) override { live_ += size; }
  bool memoryProfilingEnabled() const override { return true; }
  std::int64_t live() const { return live_; }

 private:
  std::int64_t live_ = 0;
};

struct Probe {
  std::vector<Product> products;
  std::int64_t live_bytes = 0;  ///< when forward is over, of what it allocated
};

Probe run_forward(models::Network& model, int side) {
  Probe probe;
  const auto bytes = std::make_shared<LiveBytes>();
  const c10::DebugInfoGuard counting(c10::DebugInfoKind::PROFILER_STATE, bytes);
  const auto out = model.outputs(at::zeros({1, 3, side, side}), models::seed_tensor({1}, at::kCPU));
  probe.live_bytes = bytes->live();
  probe.products = products_behind(out);
  return probe;
}

/// Forward, in the layers whose kernels are not trained: they only show in a graph where they are.
double frozen_flop(models::Network& model, int side) {
  std::map<const void*, at::Tensor> frozen;
  for (const auto& parameter : model.parameters())
    if (!parameter.requires_grad()) frozen[parameter.const_data_ptr()] = parameter;
  if (frozen.empty()) return 0;
  for (const auto& [data, parameter] : frozen) parameter.set_requires_grad(true);
  double flop = 0;
  for (const Product& product : run_forward(model, side).products)
    if (frozen.count(product.parameter) != 0) flop += product.flop;
  for (const auto& [data, parameter] : frozen) parameter.set_requires_grad(false);
  return flop;
}

}  // namespace

double ModelCost::forward_flop() const {
  return std::accumulate(parameters.begin(), parameters.end(), frozen_flop,
                         [](double sum, const ParameterCost& one) { return sum + one.forward_flop; });
}

double ModelCost::backward_flop() const {
  return std::accumulate(parameters.begin(), parameters.end(), 0.0,
                         [](double sum, const ParameterCost& one) { return sum + one.backward_flop; });
}

std::int64_t ModelCost::count() const {
  return std::accumulate(parameters.begin(), parameters.end(), std::int64_t{0},
                         [](std::int64_t sum, const ParameterCost& one) { return sum + one.count; });
}

ModelCost cost_of(models::Network& model, int width, int height) {
  constexpr int small = 32, large = 2 * small;  // pixels: one and four of the deepest cells
  const double cells = static_cast<double>(width) * height / (small * small);
  const models::RunningStatisticsOnly unchanged(model);
  const Probe one_cell = run_forward(model, small), four_cells = run_forward(model, large);

  ModelCost cost;
  std::map<const void*, std::size_t> index;
  for (const auto& [name, parameter] : model.parameters_in_forward_order()) {
    index[parameter.const_data_ptr()] = cost.parameters.size();
    cost.parameters.push_back({name, parameter.numel(), 0, 0});
  }
  for (const auto& product : one_cell.products) {
    const auto found = index.find(product.parameter);
    if (found == index.end()) fail(ExitCode::defect, "forward multiplies by a tensor that is none of the parameters");
    auto& parameter = cost.parameters[found->second];
    parameter.forward_flop += product.flop * cells;
    parameter.backward_flop += product.flop * cells * (product.input_has_gradient ? 2 : 1);
  }
  cost.frozen_flop = frozen_flop(model, small) * cells;
  // The difference, so that what does not grow with the image (copies of kernels) drops out.
  cost.activation_elements =
      static_cast<double>(four_cells.live_bytes - one_cell.live_bytes) / 3 / sizeof(float) * cells;
  return cost;
}

}  // namespace fastbox::train
