// What a checkpoint says about itself: state.json (where the run is) and manifest.json (by which a reader knows that all
// is there, and unchanged). Text to values and back, every value checked; no torch, no files.
//
// Pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/files.hpp"

namespace fastbox::train {

/// state.json's "format". Format 1 (without a plan, counts and residuals) is still read; any other is refused by name.
constexpr int checkpoint_format = 2;

/// Where a run is. What a resumed run cannot work out from its run file.
struct CheckpointState {
  std::int64_t step = 0;
  std::int64_t samples = 0;  ///< trained on so far: with the seed, the place in the epoch's order
  std::int64_t optimizer_steps = 0;
  int threads = 0;  ///< per rank; results depend on it
  int ranks = 0;
  int shards = 0;                     ///< of every global batch; 0: none
  std::string exchange;               ///< the algorithm that gradients were summed by
  std::int64_t seed = 0;              ///< run.seed
  std::int64_t frames = 0;            ///< in the training list
  std::vector<std::int64_t> buckets;  ///< elements of each bucket of gradients, in order
  std::int64_t loss_count = 0;        ///< steps in loss_mean
  double loss_mean = 0;               ///< what train.loss_limit compares with
  std::int64_t replaced_samples = 0;  ///< frames that could not be read, and another was taken
  std::int64_t failed_evaluations = 0;
  nlohmann::ordered_json history = nlohmann::ordered_json::array();  ///< a list of {"step", "samples", "ap"}
};

std::string format_state(const CheckpointState& state);

/// Throws Error(data) naming `file` where the text is no state, is of another format, or contradicts itself.
CheckpointState parse_state(const std::string& text, const std::string& file);

/// The files that every checkpoint is made of, manifest.json not among them.
const std::vector<std::string>& checkpoint_files();

/// File name -> digest, for exactly the checkpoint_files().
using Manifest = std::map<std::string, FileDigest>;

std::string format_manifest(const Manifest& manifest);

/// Throws Error(data) naming `file` where the text is no manifest or names other files.
Manifest parse_manifest(const std::string& text, const std::string& file);

/// "step-00002000". Names sort as their steps do up to 10^8 - 1; read them back with step_of.
std::string step_folder_name(std::int64_t step);

/// -1 where the name is no checkpoint's: one that is still being written, a link, something else.
std::int64_t step_of(const std::string& folder_name);

/// The step, among `saved`, whose evaluation in `history` gave the highest moderate AP40 of the class (the latest of
/// equals); -1 where none was evaluated.
std::int64_t best_step(const nlohmann::ordered_json& history, const std::string& object_class,
                       const std::vector<std::int64_t>& saved);

}  // namespace fastbox::train
