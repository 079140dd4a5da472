#include "train/rounded_parameters.hpp"

#include <ATen/ATen.h>

#include <utility>

#include "train/flat_parameters.hpp"

namespace fastbox::train {

RoundedParameters::RoundedParameters(at::Tensor flat, const std::vector<std::pair<std::string, at::Tensor>>& parameters,
                                     const comm::BucketPlan& plan)
    : flat_(std::move(flat)), rounded_(at::empty_like(flat_, at::kBFloat16)) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const at::Tensor& parameter = parameters[i].second;
    parameters_.push_back(parameter);
    copies_[parameter.unsafeGetTensorImpl()] = view_of(rounded_, parameter, plan.slots[plan.slot_of_parameter[i]]);
  }
}

void RoundedParameters::note_update() {
  writes_ = writes();
}

const models::RoundedCopies& RoundedParameters::fresh() {
  if (!is_fresh()) {
    rounded_.copy_(flat_);
    note_update();
  }
  return copies_;
}

std::vector<std::int64_t> RoundedParameters::writes() const {
  std::vector<std::int64_t> counts = {flat_._version()};
  for (const at::Tensor& parameter : parameters_) counts.push_back(parameter._version());
  return counts;
}

}  // namespace fastbox::train
