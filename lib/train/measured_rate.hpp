// How fast an earlier run of the same model was, from its run folder.
//
// Reads files only; thread-safe.
#pragma once

#include <filesystem>
#include <string>

#include "config/run_file.hpp"

namespace fastbox::train {

struct MeasuredRate {
  double images_per_second = 0;  ///< of one rank, the exposed exchange taken out; 0: unknown
  std::string origin;            ///< the file, or why there is no figure
};

/// The median over the later half of metrics.jsonl's progress lines. Unknown, with the reason, where the folder holds
/// none, the run's model, size, device, precision or threads differ from this run file's, or it does not tell on how
/// many ranks it ran. Never throws for what it finds in the folder.
MeasuredRate measured_rate(const std::filesystem::path& run_folder, const config::RunConfig& config);

}  // namespace fastbox::train
