#include "train/flat_parameters.hpp"

#include <ATen/ATen.h>

namespace fastbox::train {

at::Tensor view_of(const at::Tensor& flat, const at::Tensor& parameter, const comm::Slot& slot) {
  return flat.as_strided(parameter.sizes(), parameter.strides(), slot.offset);
}

at::Tensor flatten(std::vector<std::pair<std::string, at::Tensor>>& parameters, const comm::BucketPlan& plan) {
  const at::NoGradGuard no_gradient;
  const at::Tensor flat = at::zeros({plan.elements}, parameters.at(0).second.options().requires_grad(false));
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    at::Tensor& parameter = parameters[i].second;
    const at::Tensor view = view_of(flat, parameter, plan.slots[plan.slot_of_parameter[i]]);
    view.copy_(parameter);
    parameter.set_data(view);
  }
  return flat;
}

}  // namespace fastbox::train
