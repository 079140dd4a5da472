// What `fastbox bench` measures: one function and one file for each of its commands.
//
// Called once, from main's thread, by the command tree; errors as everywhere.
#pragma once

#include <CLI/CLI.hpp>

namespace fastbox::apps {

void add_bench_allreduce(CLI::App& bench);
void add_bench_data(CLI::App& bench);
void add_bench_eval(CLI::App& bench);
void add_bench_roofline(CLI::App& bench);
void add_bench_step(CLI::App& bench);

}  // namespace fastbox::apps
