// fastbox compare RUN_A RUN_B [--json FILE]

#include "report/compare.hpp"

#include <iostream>

#include "base/log.hpp"
#include "commands.hpp"
#include "json_output.hpp"

namespace fastbox::apps {
namespace {

struct Options {
  std::string a, b, json;
};

void compare(const Options& options) {
  const auto comparison = report::compare_runs(options.a, options.b);
  for (const auto* side : {&comparison.a, &comparison.b})
    for (const auto& problem : side->problems) log::warning(side->name, ": ", problem);
  if (options.json != "-") std::cout << report::comparison_text(comparison);
  write_json(options.json, report::comparison_json(comparison));
}

}  // namespace

void add_compare(CLI::App& app) {
  auto* command = app.add_subcommand("compare", "Two runs side by side: accuracy, speed, times, settings that differ");
  auto options = std::make_shared<Options>();
  command->add_option("RUN_A", options->a, "run folder")->required();
  command->add_option("RUN_B", options->b, "run folder")->required();
  command->add_option("--json", options->json, "write the comparison to this file as JSON; - for standard output");
  command->callback([options] { compare(*options); });
}

}  // namespace fastbox::apps
