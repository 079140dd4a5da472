#include "train/loss_guard.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace fastbox::train {
namespace {

constexpr std::int64_t window = 100, settled = 10;  // steps

}  // namespace

void LossGuard::check(double loss) {
  if (!std::isfinite(loss)) fail(ExitCode::numbers, "the loss is not finite (", loss, ")");
  if (limit_ > 0 && count_ >= settled && loss > limit_ * mean_)
    fail(ExitCode::numbers, "the loss explodes: ", loss, ", the mean of the steps before is ", mean_,
         " and train.loss_limit allows ", limit_, " times as much. A lower optimizer.learning_rate may help");
  ++count_;
  mean_ += (loss - mean_) / static_cast<double>(std::min(count_, window));
}

}  // namespace fastbox::train
