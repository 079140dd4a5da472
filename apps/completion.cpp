// fastbox completion bash|zsh|fish
// fastbox commands [--format text|markdown|man]

#include "completion.hpp"

#include <iostream>

#include "base/text.hpp"
#include "command_documents.hpp"
#include "command_tree.hpp"
#include "commands.hpp"
#include "config/schema.hpp"

namespace fastbox::apps {
namespace {

void add_below(const CommandEntry& entry, std::vector<const CommandEntry*>& all) {
  all.push_back(&entry);
  for (const auto& command : entry.commands) add_below(command, all);
}

void print_text(const CommandEntry& root) {
  for (const auto& command : leaves_of(root)) std::cout << synopsis(command) << '\n';
}

}  // namespace

std::vector<OfferedKey> offered_keys() {
  std::vector<OfferedKey> offered;
  for (const auto& key : config::keys()) {
    OfferedKey one{key.name, key.description, key.choices};
    if (std::holds_alternative<bool& (*)(config::Settings&)>(key.member)) one.values = {"true", "false"};
    if (config::takes_list(key)) one.values.clear();
    offered.push_back(std::move(one));
  }
  return offered;
}

std::vector<const CommandEntry*> all_commands(const CommandEntry& root) {
  std::vector<const CommandEntry*> all;
  add_below(root, all);
  return all;
}

std::string single_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

void add_completion(CLI::App& app) {
  auto* command =
      app.add_subcommand("completion", "Print what a shell needs to complete fastbox's command lines by TAB");
  auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([shell, &app] {
    const auto root = describe(app);
    std::cout << (*shell == "bash"  ? bash_completion(root)
                  : *shell == "zsh" ? zsh_completion(root)
                                    : fish_completion(root));
  });
}

void add_commands(CLI::App& app) {
  auto* command = app.add_subcommand("commands", "Print every command with all that it takes");
  auto format = std::make_shared<std::string>("text");
  command->add_option("--format", *format, "text, markdown (docs/commands.md) or man (docs/fastbox.1)")
      ->check(CLI::IsMember({"text", "markdown", "man"}))
      ->capture_default_str();
  command->callback([format, &app] {
    const auto root = describe(app);
    if (*format == "markdown")
      std::cout << as_markdown(root);
    else if (*format == "man")
      std::cout << as_man_page(root, FASTBOX_VERSION);
    else
      print_text(root);
  });
}

}  // namespace fastbox::apps
