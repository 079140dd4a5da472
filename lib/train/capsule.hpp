// A step that went wrong, kept so that it can be run again: its images and targets, the parameters that it met, and the
// numbers that came out.
//
//   RUN/capsules/step-00000123/   capsule.json             what happened, and where the run was
//                                 config.yaml              the resolved run file
//                                 parameters.safetensors   as the step met them
//                                 batch-0000.safetensors   rank 0's images, and so on
//
// Collective: every rank writes, and reads, its share.
#pragma once

#include <filesystem>
#include <string>

#include "comm/world.hpp"
#include "config/run_file.hpp"
#include "data/batch.hpp"
#include "train/train_step.hpp"

namespace fastbox::train {

/// Where the run was.
struct CapsulePlace {
  std::int64_t step = 0;     ///< the one that failed, counted from 1
  std::int64_t samples = 0;  ///< trained on before it
  int images = 0;            ///< of the step over all ranks
  double learning_rate = 0;
  int threads = 1;
  std::string reason;
};

/// Writes it, and logs where. What cannot be written is logged as well: the reason for the capsule is the news.
void write_capsule(const std::filesystem::path& run_folder, const CapsulePlace& place, const config::RunConfig& config,
                   TrainStep& step, const data::Batch& batch, comm::World& world);

/// Runs the step again, without an update, and writes its numbers beside those of the capsule to standard output. At
/// another number of ranks only with parallel.shards; the losses, which ranks add up, are then compared to 1e-9. Throws Error(data) for an unusable capsule, Error(numbers) where
/// the numbers are others.
void replay(const std::filesystem::path& capsule, comm::World& world);

}  // namespace fastbox::train
