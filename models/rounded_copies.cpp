#include "models/rounded_copies.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <utility>

namespace fastbox::models {
namespace {

thread_local const RoundedCopies* in_use = nullptr;

/// Null where it has none.
const at::Tensor* copy_of(const at::Tensor& parameter) {
  if (in_use == nullptr) return nullptr;
  const auto found = in_use->find(parameter.unsafeGetTensorImpl());
  return found == in_use->end() ? nullptr : &found->second;
}

/// A cast whose result is there already.
struct RoundedOperand : torch::autograd::Function<RoundedOperand> {
  static at::Tensor forward(torch::autograd::AutogradContext*, const at::Tensor&, const at::Tensor& copy) {
    return copy.detach();  // a tensor of its own, which takes this pass's place in the graph
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext*,
                                                 const torch::autograd::variable_list& gradients) {
    return {gradients[0].to(at::kFloat), at::Tensor()};
  }
};

}  // namespace

WithRoundedCopies::WithRoundedCopies(const RoundedCopies& copies) : before_(std::exchange(in_use, &copies)) {}

WithRoundedCopies::~WithRoundedCopies() {
  in_use = before_;
}

at::Tensor operand_of(const at::Tensor& parameter) {
  const at::Tensor* const copy = copy_of(parameter);
  return copy == nullptr ? parameter : RoundedOperand::apply(parameter, *copy);
}

at::Tensor rounded_values_of(const at::Tensor& parameter) {
  const at::Tensor* const copy = copy_of(parameter);
  return copy == nullptr ? parameter : *copy;
}

}  // namespace fastbox::models
