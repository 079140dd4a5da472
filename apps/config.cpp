// fastbox config: run files, looked at without running them.

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "apps/commands.hpp"
#include "base/log.hpp"
#include "config/reference.hpp"
#include "config/resolved.hpp"
#include "config/run_file.hpp"

namespace fastbox::apps {
namespace {

/// What the command line gave; lives as long as the callbacks that hold it.
struct Options {
  std::string run_file, other;
  std::vector<std::string> overrides;
  bool origin = false;
  std::string format = "text";
};

void add_show(CLI::App& config) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = config.add_subcommand("show", "Print every value of a run file after inheritance and --set");
  command->add_option("RUN", options->run_file, "Run file, or run folder")->required();
  command->add_option("--set", options->overrides, "Override: key=value")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->take_all();
  command->add_flag("--origin", options->origin, "And which file and line, flag or variable set it");
  command->callback([options] {
    std::cout << config::to_yaml(config::load(options->run_file, options->overrides), options->origin);
  });
}

void add_diff(CLI::App& config) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = config.add_subcommand("diff", "Print the keys whose values differ between two run files");
  command->add_option("A", options->run_file, "Run file, or run folder")->required();
  command->add_option("B", options->other, "Run file, or run folder")->required();
  command->callback([options] {
    const auto different = config::differences(config::load(options->run_file), config::load(options->other));
    for (const auto& [key, a, b] : different) std::cout << key << ": " << a << " -> " << b << '\n';
    if (different.empty()) log::info("no value differs");
  });
}

void add_keys(CLI::App& config) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = config.add_subcommand("keys", "Print every key of a run file: default, limits, description");
  command->add_option("--format", options->format, "text, yaml (configs/base.yaml) or markdown (docs/configuration.md)")
      ->check(CLI::IsMember({"text", "yaml", "markdown"}))
      ->capture_default_str();
  command->callback([options] {
    if (options->format == "yaml")
      std::cout << config::keys_as_yaml();
    else if (options->format == "markdown")
      std::cout << config::keys_as_markdown();
    else
      std::cout << config::keys_as_text();
  });
}

}  // namespace

void add_config(CLI::App& app) {
  CLI::App* config = app.add_subcommand("config", "Look at run files: every value, its origin, and what differs");
  config->require_subcommand(1);
  add_show(*config);
  add_diff(*config);
  add_keys(*config);
}

}  // namespace fastbox::apps
