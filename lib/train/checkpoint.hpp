// Checkpoints: a folder that appears whole, with a manifest by which a reader knows that it is.
//
//   RUN/checkpoints/step-00002000/   model.safetensors      the evaluated weights
//                                    optimizer.safetensors  what a resumed run needs beside them
//                                    state.json             where the run is (checkpoint_state.hpp)
//                                    config.yaml            the resolved run file
//                                    manifest.json          size and sha256 of each of these
//   RUN/checkpoints/latest, best     links to the newest, and to the one of the highest AP; moved by rename
//
// Written by rank 0 alone, by one thread at a time for one run folder (checkpoint_writer.hpp has one); read by all.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "train/checkpoint_state.hpp"
#include "train/tensor_file.hpp"

namespace fastbox::train {

/// What is written. The tensors must not change meanwhile.
struct Checkpoint {
  CheckpointState state;
  NamedTensors model, optimizer;
  std::map<std::string, std::string> metadata;  ///< of model.safetensors
  std::string config;                           ///< the resolved run file
  std::string best_by;  ///< the class by whose moderate AP40 the best checkpoint is known: "car"
  int keep = 1;         ///< the latest so many stay, and the best
};

/// Writes RUN/checkpoints/step-NNNNNNNN and moves the links; then removes what is not to be kept. Throws
/// Error(environment); then no older checkpoint has been touched.
void save_checkpoint(const std::filesystem::path& run_folder, const Checkpoint& checkpoint);

/// The step folder that `path` means: itself, or a run folder's newest whole checkpoint (an unusable newer one is named
/// in a warning). Throws Error(data) where there is none.
std::filesystem::path find_checkpoint(const std::filesystem::path& path);

/// The same for a run folder, or nothing where it holds no checkpoint at all.
std::optional<std::filesystem::path> newest_checkpoint(const std::filesystem::path& run_folder);

/// Points latest at `newest`, which a run goes on from, and best at the best of `history`: a process may have been ended
/// between the rename of a checkpoint and those of its links. Throws Error(environment).
void settle_links(const std::filesystem::path& newest, const nlohmann::ordered_json& history,
                  const std::string& best_by);

/// Removes what an interrupted process left unfinished in the run folder. For its one user: whoever holds its lock.
void remove_leftovers(const std::filesystem::path& run_folder);

/// Whether the run folder holds any checkpoint, whole or not.
bool holds_checkpoints(const std::filesystem::path& run_folder);

/// Throws Error(data) naming the file where one is missing, of another size or of another sha256 than the manifest
/// says, or the format is unknown.
CheckpointState read_state(const std::filesystem::path& step_folder);

}  // namespace fastbox::train
