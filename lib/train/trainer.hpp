// A whole training run: from the resolved run file to the last checkpoint.
//
// Collective: every rank calls train() with the same configuration. Rank 0 alone writes to the run folder.
#pragma once

#include <filesystem>

#include "comm/world.hpp"
#include "config/run_file.hpp"

namespace fastbox::train {

struct TrainOptions {
  std::filesystem::path run_folder;
  bool resume = false;
  std::filesystem::path trace;  ///< file for a Chrome trace of all ranks; empty: none
};

/// Trains until the run file's samples are done. Throws Error on every rank with the same code: usage (ranks with
/// different run files, a folder that holds checkpoints without --resume), data, environment, numbers, or stopped after
/// a signal, once everything is saved.
void train(const config::RunConfig& config, const TrainOptions& options, comm::World& world);

}  // namespace fastbox::train
