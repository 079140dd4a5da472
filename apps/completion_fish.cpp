#include <map>

#include "base/text.hpp"
#include "completion.hpp"

namespace fastbox::apps {
namespace {

constexpr const char* head = R"(# Completion of fastbox's command lines in fish. Generated: fastbox completion fish
# Save it as ~/.config/fish/completions/fastbox.fish

# Whether the words before the cursor begin with this command.
function __fastbox_in
    set -l words (commandline -opc)
    set -l last (math 1 + (count $argv))
    test (count $words) -ge $last; and test "$words[2..$last]" = "$argv"
end

# Whether they are this command and no more.
function __fastbox_at
    set -l words (commandline -opc)
    test "$words[2..-1]" = "$argv"
end
)";

/// In single quotes fish knows \\ and \', unlike a POSIX shell.
std::string in_quotes(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') result += '\\';
    result += c;
  }
  return result + "'";
}

std::string action(const OptionEntry& entry) {
  if (!entry.choices.empty()) return concat(" -a ", in_quotes(join(entry.choices, " ")));
  static const std::map<std::string, std::string> all = {
      {takes::setting, "(__fastbox_settings)"},
      {takes::folder, "(__fish_complete_directories)"},
      {takes::run_folder, "(__fish_complete_directories)"},
      {takes::file, "(__fish_complete_path)"},
      {takes::path, "(__fish_complete_path)"},
      {takes::run_file, "(__fish_complete_suffix .yaml)"},
      {takes::json, "(__fish_complete_suffix .json)"},
      {takes::zip, "(__fish_complete_suffix .zip)"},
      {takes::image, "(__fish_complete_suffix .png)"},
  };
  const auto found = all.find(entry.value);
  return found == all.end() ? "" : concat(" -a ", in_quotes(found->second));
}

/// A function that prints what may follow --set: each key with "=", or after that the values that the key has.
std::string settings_function() {
  std::string keys, values;
  for (const auto& key : offered_keys()) {
    keys += concat("            ", in_quotes(key.name + "="), " ", in_quotes(key.description), " \\\n");
    if (key.values.empty()) continue;
    values += concat("        case ", in_quotes(key.name + "=*"), "\n            printf '%s\\n'");
    for (const auto& value : key.values) values += concat(" ", in_quotes(concat(key.name, "=", value)));
    values += '\n';
  }
  keys.resize(keys.size() - 3);  // the last " \" and line end
  return concat("\nfunction __fastbox_settings\n    switch (string replace -- '--set=' '' (commandline -ct))\n", values,
                "        case '*=*'\n        case '*'\n            printf '%s\\t%s\\n' \\\n", keys,
                "\n    end\nend\n\n");
}

}  // namespace

std::string fish_completion(const CommandEntry& root) {
  std::string text = head + settings_function() + "complete -c fastbox -f\n";
  for (const CommandEntry* command : all_commands(root)) {
    const std::string path = command->path.empty() ? "" : " " + command->path;
    const std::string at = concat("complete -c fastbox -n ", in_quotes("__fastbox_at" + path));
    const std::string in = concat("complete -c fastbox -n ", in_quotes("__fastbox_in" + path));
    for (const auto& one : command->commands)
      text += concat(at, " -a ", one.name, " -d ", in_quotes(one.description), "\n");
    if (!command->commands.empty() && !command->path.empty()) continue;
    for (const auto& option : command->options) {
      text += command->path.empty() ? at : in;
      for (const auto& name : option.names)
        text += name.starts_with("--") ? concat(" -l ", name.substr(2)) : concat(" -s ", name.substr(1));
      if (!option.value.empty()) text += concat(" -x", action(option));
      text += concat(" -d ", in_quotes(option.description), "\n");
    }
    for (const auto& argument : command->arguments)
      if (const auto words = action(argument); !words.empty()) text += concat(in, words, "\n");
  }
  return text;
}

}  // namespace fastbox::apps
