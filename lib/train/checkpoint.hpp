// Checkpoints: a folder that appears whole, with a manifest by which a reader knows that it is.
//
//   RUN/checkpoints/step-00002000/   model.safetensors      the evaluated weights
//                                    optimizer.safetensors  what a resumed run needs beside them
//                                    state.json             step, samples, evaluation history, versions
//                                    config.yaml            the resolved run file
//                                    manifest.json          size and sha256 of each of these
//   RUN/checkpoints/latest           link to the newest, moved by rename
//
// Written by rank 0 alone; read by all. Not thread-safe for one run folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "train/tensor_file.hpp"

namespace fastbox::train {

constexpr int checkpoint_format = 1;  ///< state.json's "format"; a reader refuses any other by name

struct CheckpointState {
  std::int64_t step = 0;
  std::int64_t samples = 0;  ///< trained on so far
  std::int64_t optimizer_steps = 0;
  int threads = 0;                 ///< per rank; results depend on it
  nlohmann::ordered_json history;  ///< a list of {"step", "samples", "ap"}
};

/// Writes RUN/checkpoints/step-NNNNNNNN and moves `latest`; then removes the oldest beyond `keep`. Throws
/// Error(environment); then no older checkpoint has been touched.
void save_checkpoint(const std::filesystem::path& run_folder, const CheckpointState& state, const NamedTensors& model,
                     const NamedTensors& optimizer, const std::string& config, int keep);

/// The step folder that `path` means: itself, or a run folder's newest whole checkpoint (an unusable newer one is named
/// in a warning). Throws Error(data) where there is none.
std::filesystem::path find_checkpoint(const std::filesystem::path& path);

/// The same for a run folder, or nothing where it holds no checkpoint at all.
std::optional<std::filesystem::path> newest_checkpoint(const std::filesystem::path& run_folder);

/// Whether the run folder holds any checkpoint, whole or not.
bool holds_checkpoints(const std::filesystem::path& run_folder);

/// Throws Error(data) naming the file where one is missing, of another size or of another sha256 than the manifest
/// says, or the format is unknown.
CheckpointState read_state(const std::filesystem::path& step_folder);

}  // namespace fastbox::train
