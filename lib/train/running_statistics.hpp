// The running statistics of batch normalisation that is trained: one flat buffer beside the parameters', no gradient.
//
// Every rank's follow its own images; their mean over the ranks is what all go on with. Where the parameters have a moving
// average, so have the statistics, by the same shares: evaluated together they belong together. Owns the buffers, of which
// the model's tensors become views. Empty for a model without; then every call does nothing. One thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

#include "comm/world.hpp"
#include "models/network.hpp"
#include "train/tensor_file.hpp"

namespace fastbox::train {

class RunningStatistics {
 public:
  /// Moves the model's trained statistics into a new buffer. `averaged`: whether there is to be a moving average.
  RunningStatistics(const models::Network& model, bool averaged);

  bool empty() const { return statistics_.empty(); }
  bool averaged() const { return average_.defined(); }

  /// Their mean over the ranks, each counting the same, also that of the moving average where `with_average`. Collective.
  void average_over(comm::World& world, bool with_average);

  /// The moving average takes `share` of the present statistics.
  void average_in(double share);

  /// Flat: what the next step meets, and what is evaluated and saved. Undefined where empty.
  const at::Tensor& present() const { return present_; }
  const at::Tensor& evaluated() const { return averaged() ? average_ : present_; }

  /// Views of `flat`, which is laid out as present(), by name, with the prefix.
  void add_views(const at::Tensor& flat, const std::string& prefix, NamedTensors& views) const;

 private:
  std::vector<std::pair<std::string, at::Tensor>> statistics_;  // the model's
  at::Tensor present_, average_;
};

}  // namespace fastbox::train
