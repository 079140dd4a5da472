// What a shell needs to complete fastbox's command lines: a script a shell, generated from the tree of commands and the
// schema of run files. The scripts start no fastbox: TAB answers at once.
//
// Pure functions; thread-safe.
#pragma once

#include <string>

#include "command_entry.hpp"

namespace fastbox::apps {

std::string bash_completion(const CommandEntry& root);
std::string zsh_completion(const CommandEntry& root);
std::string fish_completion(const CommandEntry& root);

/// A key of a run file as the shells offer it after --set.
struct OfferedKey {
  std::string name, description;
  std::vector<std::string> values;  ///< of an enumerated key or a truth value; empty: anything
};

std::vector<OfferedKey> offered_keys();

/// Every command and group of commands, the root first.
std::vector<const CommandEntry*> all_commands(const CommandEntry& root);

/// The text as one word in single quotes, for a shell that knows no escape within them.
std::string single_quoted(std::string_view text);

}  // namespace fastbox::apps
