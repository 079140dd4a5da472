// fastbox train RUN.yaml [--set key=value]... [--run-dir DIR] [--resume [DIR]] [--trace FILE]
// fastbox train RUN.yaml --dry-run [--ranks N,...]
// fastbox train --replay CAPSULE

#include <filesystem>

#include "base/error.hpp"
#include "base/stop_request.hpp"
#include "command_entry.hpp"
#include "commands.hpp"
#include "config/run_file.hpp"
#include "distributed.hpp"
#include "dry_run.hpp"
#include "report.hpp"
#include "run_origins.hpp"
#include "train/capsule.hpp"
#include "train/run_folder.hpp"
#include "train/trainer.hpp"

namespace fastbox::apps {
namespace {

struct Options {
  std::string run_file;
  std::vector<std::string> overrides;
  std::string run_folder;
  bool resume = false;
  std::string resumed;  ///< the word after --resume, where there is one
  std::string trace;
  std::string capsule;
  DryRunOptions dry;
};

/// The word after --resume is a run folder, which then needs no run file; any other word is the run file.
void settle_resume(Options& options) {
  if (options.resumed.empty()) return;
  if (std::filesystem::is_directory(options.resumed) || !options.run_file.empty()) {
    if (!options.run_folder.empty() && options.run_folder != options.resumed)
      fail(ExitCode::usage, "--resume ", options.resumed, " and --run-dir ", options.run_folder,
           ": two run folders, expected one");
    if (std::filesystem::exists(options.resumed) && !std::filesystem::is_directory(options.resumed))
      fail(ExitCode::usage, "--resume ", options.resumed, ": is no folder, expected a run folder");
    options.run_folder = options.resumed;
    if (options.run_file.empty()) options.run_file = options.resumed;
  } else {
    options.run_file = options.resumed;
  }
}

void train(Options& options) {
  settle_resume(options);
  if (!options.capsule.empty()) {
    run_distributed([&](comm::World& world) { train::replay(options.capsule, world); });
    return;
  }
  if (options.run_file.empty()) fail(ExitCode::usage, "train: a run file is missing (fastbox train RUN.yaml)");
  if (options.dry.dry_run) {
    dry_run(config::load(options.run_file, options.overrides),
            train::run_folder_for(options.run_folder, options.run_file), options.dry);
    return;
  }
  install_stop_handlers();
  run_distributed([&](comm::World& world) {
    const auto config = load_with_origins(options.run_file, options.overrides);
    const auto run_folder = train::run_folder_for(options.run_folder, options.run_file);
    train::train(config, {run_folder, options.resume, options.trace}, world);
    if (world.is_first()) write_run_report(run_folder);
  });
}

}  // namespace

void add_train(CLI::App& app) {
  auto* command = app.add_subcommand("train", "Train a detector as a run file says; under mpiexec, on all its ranks");
  auto options = std::make_shared<Options>();
  command->add_option("RUN.yaml", options->run_file, "the run file");
  command->add_option("--set", options->overrides, "a key's value over the run file's: key=value")
      ->allow_extra_args(false);
  command->add_option("--run-dir", options->run_folder,
                      "where the run's files go (default: runs/ and the run file's name)");
  CLI::Option* const resume =
      command
          ->add_option(
              "--resume", options->resumed,
              "go on from the newest checkpoint, of this folder where one is named (RUN.yaml is then not needed)")
          ->expected(0, 1)
          ->type_name(takes::run_folder);
  command->add_option("--trace", options->trace,
                      "write what every rank did when to this file, for chrome://tracing or ui.perfetto.dev");
  command->add_option("--replay", options->capsule,
                      "run the step in this folder (RUN/capsules/step-...) again and compare its numbers");
  add_dry_run_options(*command, options->dry);
  command->callback([options, resume] {
    options->resume = resume->count() > 0;
    train(*options);
  });
}

}  // namespace fastbox::apps
