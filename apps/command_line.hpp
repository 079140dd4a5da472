// The words of the command line, parsed and run; where they do not parse, a message that says how they would.
//
// Called once, from main's thread.
#pragma once

#include <CLI/CLI.hpp>

#include "base/error.hpp"

namespace fastbox::apps {

/// Runs the command that the words name, or prints the help or version that they ask for; returns done. Throws what the
/// command throws, and Error(usage) for words that are no command line of the tree: the nearest option or command is
/// suggested. A group of commands without a command prints its help to standard error and returns usage.
ExitCode run_command_line(CLI::App& tree, int argc, const char* const* argv);

}  // namespace fastbox::apps
