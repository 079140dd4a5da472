// fastbox config show|diff|keys|import: run files, looked at without running them.

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "apps/command_entry.hpp"
#include "apps/commands.hpp"
#include "apps/run_origins.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "config/kittibox.hpp"
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
  command->add_option("RUN", options->run_file, "run file, or run folder")->required();
  command->add_option("--set", options->overrides, "a key's value over the run file's: key=value")
      ->allow_extra_args(false);
  command->add_flag("--origin", options->origin, "and which file and line, flag or variable set it");
  command->callback([options] {
    std::cout << config::to_yaml(load_with_origins(options->run_file, options->overrides), options->origin);
  });
}

void add_diff(CLI::App& config) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = config.add_subcommand(
      "diff", "Print the keys whose values differ between two run files, and where each comes from");
  command->add_option("A", options->run_file, "run file, or run folder")->required()->type_name(takes::run_file);
  command->add_option("B", options->other, "run file, or run folder")->required()->type_name(takes::run_file);
  command->callback([options] {
    const auto a = load_with_origins(options->run_file), b = load_with_origins(options->other);
    const auto different = config::differences(a, b);
    if (different.empty()) std::cout << "no difference\n";
    for (const auto& [key, in_a, in_b] : different)
      std::cout << key << ": " << in_a << " -> " << in_b << "  (" << a.origins.at(key) << " -> " << b.origins.at(key)
                << ")\n";
  });
}

void add_import(CLI::App& config) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = config.add_subcommand("import", "Print KittiBox's settings (hypes/kittiBox.json) as a run file");
  command->add_option("HYPES.json", options->run_file, "KittiBox's hypes file")->required()->type_name(takes::json);
  command->callback([options] {
    constexpr std::size_t most_bytes = 1 << 20;
    const auto imported = config::import_kittibox(read_file(options->run_file, most_bytes), options->run_file);
    std::cout << imported.text;
    for (const auto& warning : imported.warnings) log::warning(options->run_file, ": ", warning);
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
  CLI::App* config =
      app.add_subcommand("config", "Look at run files: every value, its origin, what differs; read KittiBox's");
  config->require_subcommand(1);
  add_show(*config);
  add_diff(*config);
  add_keys(*config);
  add_import(*config);
}

}  // namespace fastbox::apps
