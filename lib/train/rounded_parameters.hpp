// The trained parameters in bf16: one flat buffer, laid out as they are, that a bf16 forward pass reads in place of a cast
// of every one of them.
//
// Owns the buffer, which stays where it is; views the parameters. An update writes both (Optimizer::step). Whatever else
// writes parameters (a checkpoint, an average over ranks, the evaluated weights and their way back) is seen by the count
// that torch keeps of every tensor's writes; the next pass then begins with a cast of the whole buffer. One thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "comm/bucket_plan.hpp"
#include "models/rounded_copies.hpp"

namespace fastbox::train {

class RoundedParameters {
 public:
  /// `flat`: fp32; `parameters`: its views, in the plan's order of the forward pass (flatten()). Nothing is cast yet.
  RoundedParameters(at::Tensor flat, const std::vector<std::pair<std::string, at::Tensor>>& parameters,
                    const comm::BucketPlan& plan);

  /// bf16: for who updates the parameters to write, and to say so.
  const at::Tensor& flat() const { return rounded_; }
  void note_update();

  /// Whether nothing has written the parameters since the buffer was.
  bool is_fresh() const { return writes() == writes_; }

  /// The parameters' copies, cast anew where they are stale. Good until something writes the parameters.
  const models::RoundedCopies& fresh();

 private:
  /// What torch has counted of the parameters: the flat tensor, and each of the model's, which count for themselves.
  std::vector<std::int64_t> writes() const;

  at::Tensor flat_, rounded_;
  std::vector<at::Tensor> parameters_;
  models::RoundedCopies copies_;
  std::vector<std::int64_t> writes_;  // when the buffer was written; empty: never
};

}  // namespace fastbox::train
