// The tree of commands as plain data: what the documents and the shells' completions are made of.
//
// Freely copied; no parser.
#pragma once

#include <string>
#include <vector>

namespace fastbox::apps {

/// What the command line takes for a value, where it is more than a word: the type names of options and arguments.
/// Completion goes by them.
namespace takes {
inline constexpr const char* file = "FILE";
inline constexpr const char* folder = "FOLDER";
inline constexpr const char* path = "PATH";  ///< a file or a folder
inline constexpr const char* run_file = "RUN.yaml";
inline constexpr const char* run_folder = "RUN_FOLDER";
inline constexpr const char* json = "FILE.json";
inline constexpr const char* zip = "FILE.zip";
inline constexpr const char* image = "IMAGE";
inline constexpr const char* setting = "KEY=VALUE";
}  // namespace takes

/// An option, or an argument that goes by its place.
struct OptionEntry {
  std::vector<std::string> names;  ///< "--help", "-h"; of an argument: only what it is called, "ROOT"
  std::string value;               ///< one of `takes`, or "INT", "FLOAT", "TEXT"; empty: none (a flag)
  std::vector<std::string> choices;
  std::string limits;  ///< "1 - 1000000"; empty: any value
  std::string description;
  std::string default_text;                  ///< empty: none, or told in the description
  std::vector<std::string> needs, excludes;  ///< names of other options of the command
  std::string group;                         ///< empty: of no group of its own
  bool required = false;
  bool repeated = false;  ///< may be given again
};

struct CommandEntry {
  std::string path;  ///< "data synth"; of the root: empty
  std::string name;  ///< "synth"
  std::string description;
  std::vector<OptionEntry> options, arguments;
  std::vector<CommandEntry> commands;
};

/// The commands that do something, which are the leaves, in the order of the tree.
std::vector<CommandEntry> leaves_of(const CommandEntry& root);

}  // namespace fastbox::apps
