// fastbox bench allreduce|data|eval|roofline|step

#include "bench.hpp"

#include "commands.hpp"

namespace fastbox::apps {

void add_run_file_options(CLI::App& command, RunFileOptions& options) {
  command.add_option("--config", options.run_file, "the run file (default: KittiBox's own settings)");
  command.add_option("--set", options.overrides, "a key's value over the run file's: key=value")
      ->allow_extra_args(false);
  command.add_option("--json", options.json, "write the figures to this file as JSON; - for standard output");
}

void add_bench(CLI::App& app) {
  auto* command = app.add_subcommand("bench",
                                     "Measure this machine: the exchange of gradients, the data's way to the network, "
                                     "a training step and its limits, a detection");
  command->require_subcommand(1);
  add_bench_allreduce(*command);
  add_bench_data(*command);
  add_bench_eval(*command);
  add_bench_roofline(*command);
  add_bench_step(*command);
}

}  // namespace fastbox::apps
