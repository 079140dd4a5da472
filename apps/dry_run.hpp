// The options and the work of fastbox train --dry-run.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "config/run_file.hpp"

namespace fastbox::apps {

/// What the command line gave. The defaults are stated in docs/scaling.md.
struct DryRunOptions {
  bool dry_run = false;
  std::vector<int> ranks = {1};
  double bandwidth = 10, latency = 2;            ///< GB/s and microseconds, between nodes
  double node_bandwidth = 10, node_latency = 1;  ///< within a node
  int ranks_per_node = 1;
  std::string algorithm = "best";
  double jitter = 1;             ///< percent
  double images_per_second = 0;  ///< of one rank; 0: not given
  double step_seconds = 0;       ///< of one rank's step when it is alone; 0: not given
  double tflops = 7;             ///< what a rank sustains where nothing was measured
  std::string json;
};

void add_dry_run_options(CLI::App& command, DryRunOptions& options);

/// Prints what the run will be. `run_folder` is only read.
void dry_run(const config::RunConfig& config, const std::filesystem::path& run_folder, const DryRunOptions& options);

}  // namespace fastbox::apps
