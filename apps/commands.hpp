// The commands: one function and one file each. command_tree.hpp puts them together.
//
// Each function adds its command to `app`; the command's callback does the work after parsing. Callbacks throw Error
// with the exit code; returning means 0. Called once, from main's thread.
#pragma once

#include <CLI/CLI.hpp>

namespace fastbox::apps {

void add_train(CLI::App& app);
void add_eval(CLI::App& app);
void add_predict(CLI::App& app);
void add_export(CLI::App& app);
void add_data(CLI::App& app);
void add_config(CLI::App& app);
void add_bench(CLI::App& app);
void add_report(CLI::App& app);
void add_compare(CLI::App& app);
void add_info(CLI::App& app);
void add_completion(CLI::App& app);
void add_commands(CLI::App& app);

}  // namespace fastbox::apps
