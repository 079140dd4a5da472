#include <map>

#include "base/text.hpp"
#include "completion.hpp"

namespace fastbox::apps {
namespace {

constexpr const char* head = R"(#compdef fastbox
# Completion of fastbox's command lines in zsh. Generated: fastbox completion zsh
# Save it as _fastbox in a folder of $fpath.
)";

constexpr const char* settings_head = R"(
# key=value; `compset` moves what stands before "=" out of the word.
_fastbox_setting() {
  if compset -P '*='; then
    case ${${IPREFIX%=}##*=} in
)";

/// The function of a command line: `words` and CURRENT are moved on as the commands are read.
std::string function_name(const CommandEntry& command) {
  std::string name = "_fastbox";
  for (const auto word : split(command.path, ' '))
    if (!word.empty()) name += concat("_", word);
  return name;
}

/// In a specification for _arguments, these have a meaning of their own.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

std::string action(const OptionEntry& entry) {
  if (!entry.choices.empty()) return concat("(", join(entry.choices, " "), ")");
  static const std::map<std::string, std::string> all = {
      {takes::setting, "_fastbox_setting"},
      {takes::folder, "_files -/"},
      {takes::run_folder, "_files -/"},
      {takes::file, "_files"},
      {takes::path, "_files"},
      {takes::run_file, "_files -g \"*.yaml(-.)\""},
      {takes::json, "_files -g \"*.json(-.)\""},
      {takes::zip, "_files -g \"*.zip(-.)\""},
      {takes::image, "_files -g \"*.png(-.)\""},
  };
  const auto found = all.find(entry.value);
  return found == all.end() ? " " : found->second;
}

std::string arguments_call(const CommandEntry& command) {
  std::string text = "  _arguments";
  const auto add = [&](const std::string& specification) { text += concat(" \\\n    ", single_quoted(specification)); };
  for (const auto& option : command.options)
    for (const auto& name : option.names) {
      std::string one =
          concat(option.repeated ? "*" : "", name, option.value.empty() || !name.starts_with("--") ? "" : "=", "[",
                 escaped(option.description), "]");
      if (!option.value.empty()) one += concat(":", escaped(option.value), ":", action(option));
      add(one);
    }
  for (std::size_t i = 0; i < command.arguments.size(); ++i) {
    const auto& argument = command.arguments[i];
    add(concat(argument.repeated ? "*" : std::to_string(i + 1), ":", escaped(argument.names.front()), ":",
               action(argument)));
  }
  return text + "\n";
}

std::string group_body(const CommandEntry& command) {
  std::string text = "  if ((CURRENT == 2)); then\n    local -a commands=(\n";
  for (const auto& one : command.commands)
    text += concat("      ", single_quoted(concat(one.name, ":", escaped(one.description))), "\n");
  text +=
      "    )\n    _describe command commands\n    return\n  fi\n  shift words\n  ((CURRENT--))\n  case $words[1] in\n";
  for (const auto& one : command.commands) text += concat("    ", one.name, ") ", function_name(one), " ;;\n");
  return text + "  esac\n";
}

}  // namespace

std::string zsh_completion(const CommandEntry& root) {
  std::string text = concat(head, settings_head);
  std::string keys;
  for (const auto& key : offered_keys()) {
    if (!key.values.empty()) text += concat("      ", key.name, ") compadd -- ", join(key.values, " "), " ;;\n");
    keys += concat("      ", single_quoted(concat(key.name, ":", escaped(key.description))), "\n");
  }
  text += concat("    esac\n  else\n    local -a keys=(\n", keys, "    )\n    _describe key keys -S =\n  fi\n}\n");
  for (const CommandEntry* command : all_commands(root))
    text += concat("\n", function_name(*command), "() {\n",
                   command->commands.empty() ? arguments_call(*command) : group_body(*command), "}\n");
  return text + "\nif [[ $funcstack[1] == _fastbox ]]; then\n  _fastbox \"$@\"\nelse\n  compdef _fastbox fastbox\nfi\n";
}

}  // namespace fastbox::apps
