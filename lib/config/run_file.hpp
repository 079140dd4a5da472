// A run file becomes Settings: inheritance, overrides, the environment, and where each value came from.
//
// Layers, each over the one before: the defaults (Settings' own initialisers), every `base:` file in its
// order with its own bases first, the run file, `--set`. A layer replaces single keys (lists as a whole). Of
// two alternatives (steps and samples, batch and batch_per_rank, every and every_samples) the later layer's
// replaces the earlier one's, which becomes 0. The environment's FASTBOX_DATA is data.root where no layer
// gives one.
//
// RunConfig is a plain value. load() reads files and the environment and may be called from any thread.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "config/settings.hpp"

namespace fastbox::config {

struct RunConfig {
  Settings settings;
  std::map<std::string, std::string> origins;  ///< for every key: "my.yaml:12", "--set", "FASTBOX_DATA" or "default"
  std::filesystem::path file;  ///< as given, or the config.yaml in the run folder that was given; empty: no file
  std::filesystem::path
      folder;  ///< absolute; holds `file`, or is the working directory: for relative data.train, data.val
};

/// Reads `path`: a run file, a run folder (its config.yaml), or empty for the defaults; then applies the
/// overrides, each "key=value" (lists as [a, b]; of the same key the last counts).
///
/// Throws one Error(usage) that names every problem, a line each, as file:line:column: message. Among them: a
/// file that cannot be read, YAML's syntax, bases in a circle, unknown keys, wrong types, values out of
/// range, a key given twice, keys that contradict one another.
RunConfig load(const std::filesystem::path& path, const std::vector<std::string>& overrides = {});

}  // namespace fastbox::config
