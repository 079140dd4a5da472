// The tree of commands as documents: docs/commands.md and the man page docs/fastbox.1.
//
// Pure functions; thread-safe.
#pragma once

#include <string>

#include "command_entry.hpp"

namespace fastbox::apps {

/// "fastbox data synth DIR [--seed N]...": all that can be given, in the order of the tree; options that only show help
/// are left out.
std::string synopsis(const CommandEntry& command);

/// docs/commands.md.
std::string as_markdown(const CommandEntry& root);

/// docs/fastbox.1, for man; in the macros of man(7).
std::string as_man_page(const CommandEntry& root, const std::string& version);

}  // namespace fastbox::apps
