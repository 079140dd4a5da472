// The commands of `fastbox data` that have a file of their own.
//
// Called once, from main's thread, by the command tree; errors as everywhere.
#pragma once

#include <CLI/CLI.hpp>

namespace fastbox::apps {

void add_data_check(CLI::App& data);
void add_data_import(CLI::App& data);
void add_data_show(CLI::App& data);
void add_data_split(CLI::App& data);

}  // namespace fastbox::apps
