// Notices a loss that explodes: a step whose loss is many times the mean of those before it.
//
// The mean is over all steps at first and moves on as over the last hundred; it is part of a checkpoint, so that a
// resumed run stops where the run that never stopped would have. One thread.
#pragma once

#include <cstdint>

namespace fastbox::train {

class LossGuard {
 public:
  /// `limit`: train.loss_limit; 0: never.
  explicit LossGuard(double limit) : limit_(limit) {}

  /// A step's loss over the global batch. Throws Error(numbers) where it is not finite, or, once ten steps are known,
  /// above limit times the mean; it then does not count.
  void check(double loss);

  std::int64_t count() const { return count_; }
  double mean() const { return mean_; }
  void restore(std::int64_t count, double mean) { count_ = count, mean_ = mean; }

 private:
  double limit_, mean_ = 0;
  std::int64_t count_ = 0;
};

}  // namespace fastbox::train
