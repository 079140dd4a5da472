// Learning rate and sizes of steps, all in samples: the same run on more ranks has fewer steps and the same schedule.
//
// Pure functions of the settings; thread-safe.
#pragma once

#include <cstdint>

#include "config/settings.hpp"

namespace fastbox::train {

/// What the settings say for a given number of ranks.
struct Plan {
  int batch = 0;             ///< images a step over all ranks
  std::int64_t samples = 0;  ///< of the whole run; the last step may have fewer than a batch
  std::int64_t steps = 0;
  double peak_learning_rate = 0;        ///< after scaling by batch / reference_batch
  std::int64_t evaluation_samples = 0;  ///< between two evaluations; 0: only at the end
  std::int64_t checkpoint_samples = 0;  ///< between two checkpoints; 0: only at the end
};

/// Throws Error(usage) where the batch is smaller than the number of ranks.
Plan plan_run(const config::Settings& settings, int ranks);

/// The rate for the step whose first sample is `samples`: linear warm-up from 0, then constant or half a cosine to 0.
double learning_rate(const config::OptimizerSettings& settings, const Plan& plan, std::int64_t samples);

/// Whether a multiple of `every` samples lies in (before, after]; never where `every` is 0.
bool is_due(std::int64_t every, std::int64_t before, std::int64_t after);

}  // namespace fastbox::train
