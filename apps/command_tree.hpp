// The tree of commands: what there is to type. The command line, --help, the completions of the shells, the man page
// and docs/commands.md all come from it, so they cannot drift apart.
//
// The tree is made once, on main's thread. describe() turns it into plain data (command_entry.hpp).
#pragma once

#include <CLI/CLI.hpp>
#include <memory>

#include "command_entry.hpp"

namespace fastbox::apps {

/// Every command of fastbox, ready to parse. An option's name means the same wherever it stands, so what its value is
/// is filled in here by the name, unless the command itself says it.
std::unique_ptr<CLI::App> make_command_tree();

/// `app` and all below it.
CommandEntry describe(const CLI::App& app);

}  // namespace fastbox::apps
