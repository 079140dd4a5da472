// bf16 arithmetic over fp32 parameters: convolutions and matrix products of the forward pass, and so those of the
// backward, take 16-bit copies of their operands; normalisation keeps its sums, and losses and updates are in fp32.
//
// LibTorch's autocast. Per thread: a guard serves the thread that made it, and no other guard may live within it.
#pragma once

#include <c10/core/Device.h>

namespace fastbox::train {

class MixedPrecision {
 public:
  /// `on`: whether there is anything to do. Throws Error(environment) for a CPU without bf16 instructions, where it would
  /// be slower than fp32.
  MixedPrecision(bool on, c10::DeviceType device);
  ~MixedPrecision();
  MixedPrecision(const MixedPrecision&) = delete;
  MixedPrecision& operator=(const MixedPrecision&) = delete;

 private:
  bool on_;
  c10::DeviceType device_;
};

}  // namespace fastbox::train
