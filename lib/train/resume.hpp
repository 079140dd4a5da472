// A run goes on from a checkpoint: what its state means for this process, and what of it cannot be honoured.
#pragma once

#include <filesystem>

#include "config/run_file.hpp"
#include "train/checkpoint_state.hpp"
#include "train/train_step.hpp"

namespace fastbox::train {

/// The parts of the state that the process itself determines: threads, ranks, shards, exchange, seed, frames, buckets.
CheckpointState state_of_process(const config::RunConfig& config, TrainStep& step, int threads, int ranks,
                                 std::int64_t frames);

/// Fills the model, the optimiser, the residuals and the loss guard. `now`: state_of_process. What differs from the run
/// that wrote the checkpoint is listed: in a warning where it may, in Error(usage) where it may not (another model, seed,
/// optimiser or training list). Throws Error(data) where the checkpoint is unusable. Collective.
CheckpointState resume(const std::filesystem::path& checkpoint, const config::RunConfig& config,
                       const CheckpointState& now, TrainStep& step);

}  // namespace fastbox::train
