#include "command_documents.hpp"

#include "base/text.hpp"

namespace fastbox::apps {
namespace {

constexpr const char* markdown_head = R"(# Commands

<!-- Generated: fastbox commands --format markdown > docs/commands.md -->

Every command with what it takes; `fastbox COMMAND --help` says the same. `--json -` writes to standard output. Results go to
standard output, progress and messages to standard error. Exit codes: [exit-codes.md](exit-codes.md). Several ranks:
`mpiexec -n 8 fastbox train ...`, see [clusters.md](clusters.md).

Completion of commands, options, run files and the keys after `--set` by the TAB key:

```sh
fastbox completion bash > ~/.local/share/bash-completion/completions/fastbox
fastbox completion zsh > ~/.zfunc/_fastbox      # a folder of your fpath
fastbox completion fish > ~/.config/fish/completions/fastbox.fish
```
)";

/// Variables, in the order in which they matter most.
struct Variable {
  const char *name, *meaning;
};
constexpr Variable variables[] = {
    {"FASTBOX_DATA", "KITTI's root, where no run file and no --set gives data.root"},
    {"FASTBOX_RUNS", "the folder of run folders, instead of runs"},
    {"FASTBOX_CACHE", "the folder of frame caches, where data.cache_folder gives none"},
    {"FASTBOX_LOG", "debug, info, warning, error or off: what is told on standard error and in log.txt"},
    {"NO_COLOR", "set: no colours on a terminal"},
};

bool is_help(const OptionEntry& option) {
  return option.names.front() == "--help";
}

/// "--format kitti|coco"
std::string with_value(const OptionEntry& option, const std::string& name) {
  if (option.value.empty()) return name;
  return concat(name, ' ', option.choices.empty() ? option.value : join(option.choices, "|"));
}

/// What there is to say beyond the description, in brackets: "needed; default: 5; 1 - 9".
std::string remarks(const OptionEntry& option) {
  std::vector<std::string> parts;
  if (option.required) parts.emplace_back("required");
  if (!option.default_text.empty()) parts.push_back("default: " + option.default_text);
  if (!option.limits.empty()) parts.push_back(option.limits);
  if (option.repeated && option.names.front().starts_with('-')) parts.emplace_back("may be repeated");
  if (!option.needs.empty()) parts.push_back("with " + join(option.needs, ", "));
  if (!option.excludes.empty()) parts.push_back("not with " + join(option.excludes, ", "));
  return parts.empty() ? "" : concat(" (", join(parts, "; "), ")");
}

std::string in_markdown(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '|' || c == '<' || c == '*') result += '\\';
    result += c;
  }
  return result;
}

void add_markdown_table(std::string& text, const char* head, const std::vector<OptionEntry>& options) {
  bool begun = false;
  for (const auto& option : options) {
    if (is_help(option)) continue;
    if (!begun) text += concat("\n| ", head, " | |\n|---|---|\n");
    begun = true;
    const std::string name =
        option.names.front().starts_with('-') ? with_value(option, join(option.names, ", ")) : option.names.front();
    text += concat("| `", in_markdown(name), "` | ", in_markdown(option.description + remarks(option)), " |\n");
  }
}

/// For troff: a line must not begin with its control characters, and "-" is to be the one that can be copied.
std::string in_man(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\')
      result += "\\e";
    else if (c == '-')
      result += "\\-";
    else if ((c == '.' || c == '\'') && (result.empty() || result.back() == '\n'))
      result += concat("\\&", c);
    else
      result += c;
  }
  return result;
}

void add_man_options(std::string& text, const std::vector<OptionEntry>& options) {
  for (const auto& option : options) {
    if (is_help(option)) continue;
    const bool named = option.names.front().starts_with('-');
    text += concat(".TP\n.B ", in_man(named ? with_value(option, join(option.names, ", ")) : option.names.front()),
                   '\n', in_man(option.description + remarks(option)), '\n');
  }
}

}  // namespace

std::string synopsis(const CommandEntry& command) {
  std::string text = command.path.empty() ? "fastbox" : "fastbox " + command.path;
  for (const auto& argument : command.arguments) {
    std::string name = argument.choices.empty() ? argument.names.front() : join(argument.choices, "|");
    if (argument.repeated) name += "...";
    text += argument.required ? " " + name : " [" + name + "]";
  }
  for (const auto& option : command.options) {
    if (is_help(option)) continue;
    const std::string one = with_value(option, option.names.front());
    text += concat(option.required ? " " + one : " [" + one + "]", option.repeated ? "..." : "");
  }
  return text;
}

std::string as_markdown(const CommandEntry& root) {
  std::string text = markdown_head;
  text += "\n| variable | |\n|---|---|\n";
  for (const auto& [name, meaning] : variables) text += concat("| `", name, "` | ", meaning, " |\n");
  for (const auto& command : leaves_of(root)) {
    text += concat("\n## fastbox ", command.path, "\n\n", in_markdown(command.description), ".\n");
    add_markdown_table(text, "argument", command.arguments);
    add_markdown_table(text, "option", command.options);
  }
  return text;
}

std::string as_man_page(const CommandEntry& root, const std::string& version) {
  std::string text = ".\\\" Generated: fastbox commands --format man > docs/fastbox.1\n";
  text += concat(".TH FASTBOX 1 \"\" \"fastbox ", version, "\" \"User Commands\"\n");
  text += concat(".SH NAME\nfastbox \\- ", in_man(lower(root.description.substr(0, 1)) + root.description.substr(1)),
                 "\n.SH SYNOPSIS\n");
  const auto leaves = leaves_of(root);
  for (const auto& command : leaves) text += concat(".B fastbox ", in_man(command.path), "\n\\&...\n.br\n");
  text += ".SH COMMANDS\n";
  for (const auto& command : leaves) {
    text += concat(".SS fastbox ", in_man(command.path), '\n', in_man(command.description), ".\n.PP\n.nh\n",
                   in_man(synopsis(command)), "\n.hy\n");
    add_man_options(text, command.arguments);
    add_man_options(text, command.options);
  }
  text += ".SH ENVIRONMENT\n";
  for (const auto& [name, meaning] : variables) text += concat(".TP\n.B ", name, '\n', in_man(meaning), '\n');
  text += R"(.SH EXIT STATUS
.TP
.B 0
done
.TP
.B 1
a defect of fastbox
.TP
.B 2
usage or run file
.TP
.B 3
data: images, labels, lists, checkpoints
.TP
.B 4
environment: MPI, GPU, disk, launcher
.TP
.B 5
numbers: NaN or divergence
.TP
.B 75
saved and stopped on request: run the same command again with \-\-resume
)";
  return text;
}

}  // namespace fastbox::apps
