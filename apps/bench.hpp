// What `fastbox bench` measures: one function and one file for each of its commands.
//
// Called once, from main's thread, by the command tree; errors as everywhere.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace fastbox::apps {

/// What the measurements of a run file have in common: --config, --set and --json.
struct RunFileOptions {
  std::string run_file, json;
  std::vector<std::string> overrides;
};
void add_run_file_options(CLI::App& command, RunFileOptions& options);

void add_bench_allreduce(CLI::App& bench);
void add_bench_data(CLI::App& bench);
void add_bench_eval(CLI::App& bench);
void add_bench_roofline(CLI::App& bench);
void add_bench_step(CLI::App& bench);

}  // namespace fastbox::apps
