// What a run on so many ranks will be, predicted without starting it: batch, schedule, memory, exchange, speed.
//
// The schedule is exact (plan_run); parameter and gradient memory too. Times and activations are a model's: see
// docs/scaling.md for what it assumes. Pure functions of their arguments; no MPI, GPU, data or run folder.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "comm/bucket_plan.hpp"
#include "comm/cost_model.hpp"
#include "config/settings.hpp"
#include "train/model_cost.hpp"
#include "train/schedule.hpp"

namespace fastbox::train {

/// What the prediction rests on and the run file does not say.
struct Assumptions {
  comm::Cluster cluster;
  comm::Algorithm algorithm = comm::Algorithm::best;
  double jitter = 0;             ///< standard deviation of a rank's step time, as a share of it; independent by rank
  double images_per_second = 0;  ///< of one rank alone, everything but the exchange
  std::string rate_origin;       ///< where that figure comes from, in words
  std::int64_t frames = 0;       ///< of the training set
  std::string frames_origin;
};

/// Bytes of one rank.
struct Memory {
  double parameters = 0, gradients = 0, optimizer_state = 0, average = 0;
  double rounded_parameters = 0;  ///< their copy that a bf16 run's forward pass reads
  double activations = 0;         ///< kept from forward until backward, for the largest pass; without workspaces
  double frame_cache = 0;         ///< host memory, at most (data.cache_mib)

  double total() const { return parameters + gradients + optimizer_state + average + rounded_parameters + activations; }
};

struct Prediction {
  int ranks = 1;
  Plan plan;
  int images_per_rank = 0;            ///< of a step, the largest share
  std::int64_t samples_per_rank = 0;  ///< of the whole run, rounded up
  std::int64_t warmup_steps = 0;
  double epochs = 0;
  Memory memory;
  double ring_seconds = 0, tree_seconds = 0, halving_seconds = 0;  ///< all buckets of a step, by each algorithm
  comm::ExchangeCost exchange;                                     ///< by the algorithm that was asked for
  double compute_seconds = 0;                                      ///< of a step on one rank, alone
  double slowest_seconds = 0;                                      ///< wait for the slowest rank
  double step_seconds = 0;
  double images_per_second = 0;
  double efficiency = 0;  ///< of `ranks` times one rank's images per second
  double hours = 0;       ///< of all steps; evaluations and checkpoints come on top
};

/// The prediction for one number of ranks. Throws Error(usage) as plan_run does.
Prediction predict(const config::Settings& settings, const ModelCost& cost, const Assumptions& assumptions, int ranks);

/// The buckets that the run will exchange.
comm::BucketPlan bucket_plan(const config::Settings& settings, const ModelCost& cost);

}  // namespace fastbox::train
