#include "train/schedule.hpp"

#include <cmath>
#include <numbers>

#include "base/error.hpp"

namespace fastbox::train {

Plan plan_run(const config::Settings& settings, int ranks) {
  Plan plan;
  plan.batch = settings.train.batch > 0 ? settings.train.batch : settings.train.batch_per_rank * ranks;
  if (plan.batch < ranks)
    fail(ExitCode::usage, "train.batch is ", plan.batch, ", expected at least one image for each of the ", ranks,
         " ranks");
  plan.samples = settings.train.samples > 0 ? settings.train.samples : settings.train.steps * plan.batch;
  plan.steps = (plan.samples + plan.batch - 1) / plan.batch;

  const double ratio = static_cast<double>(plan.batch) / settings.optimizer.reference_batch;
  plan.peak_learning_rate = settings.optimizer.learning_rate;
  if (settings.optimizer.scaling == "linear") plan.peak_learning_rate *= ratio;
  if (settings.optimizer.scaling == "sqrt") plan.peak_learning_rate *= std::sqrt(ratio);

  const auto in_samples = [&](std::int64_t steps, std::int64_t samples) {
    return steps > 0 ? steps * plan.batch : samples;
  };
  plan.evaluation_samples = in_samples(settings.evaluation.every, settings.evaluation.every_samples);
  plan.checkpoint_samples = in_samples(settings.checkpoint.every, settings.checkpoint.every_samples);
  return plan;
}

double learning_rate(const config::OptimizerSettings& settings, const Plan& plan, std::int64_t samples) {
  // A step counts by its middle, so that the first is not wasted on a rate of 0.
  const double position = static_cast<double>(samples) + 0.5 * plan.batch;
  const double warmup = static_cast<double>(settings.warmup_samples);
  if (position < warmup) return plan.peak_learning_rate * position / warmup;
  if (settings.schedule == "constant") return plan.peak_learning_rate;
  const double done = (position - warmup) / std::max(1.0, static_cast<double>(plan.samples) - warmup);
  return plan.peak_learning_rate * 0.5 * (1 + std::cos(std::numbers::pi * std::min(1.0, done)));
}

bool is_due(std::int64_t every, std::int64_t before, std::int64_t after) {
  return every > 0 && before / every != after / every;
}

}  // namespace fastbox::train
