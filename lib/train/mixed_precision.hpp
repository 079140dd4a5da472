// bf16 arithmetic over fp32 parameters: convolutions and matrix products of the forward pass, and so those of the
// backward, take 16-bit copies of their operands; normalisation keeps its sums, and losses and updates are in fp32.
//
// LibTorch's autocast. Per thread: a guard serves the thread that made it, and no other guard may live within it.
#pragma once

#include <c10/core/Device.h>

#include <optional>

#include "models/rounded_copies.hpp"

namespace fastbox::train {

class MixedPrecision {
 public:
  /// `on`: whether there is anything to do. `copies`: of parameters, in the place of casts of them; null for none. Throws
  /// Error(environment) for a CPU without bf16 instructions, where it would be slower than fp32.
  MixedPrecision(bool on, c10::DeviceType device, const models::RoundedCopies* copies = nullptr);
  ~MixedPrecision();
  MixedPrecision(const MixedPrecision&) = delete;
  MixedPrecision& operator=(const MixedPrecision&) = delete;

 private:
  bool on_;
  c10::DeviceType device_;
  std::optional<models::WithRoundedCopies> copies_;
};

}  // namespace fastbox::train
