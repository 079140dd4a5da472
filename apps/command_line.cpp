#include "command_line.hpp"

#include <algorithm>
#include <iostream>
#include <optional>

#include "base/text.hpp"

namespace fastbox::apps {
namespace {

/// The commands that were named: fastbox, data, synth.
std::vector<const CLI::App*> named_commands(const CLI::App& tree) {
  std::vector<const CLI::App*> chain = {&tree};
  while (!chain.back()->get_subcommands().empty()) chain.push_back(chain.back()->get_subcommands().front());
  return chain;
}

std::string name_of(const std::vector<const CLI::App*>& chain) {
  std::vector<std::string> names;
  for (const CLI::App* app : chain) names.push_back(app->get_name());
  return join(names, " ");
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

std::string suggestion(const std::string& word, const std::vector<std::string>& candidates) {
  const std::string near = nearest_word(word, candidates);
  return near.empty() ? "" : concat("; did you mean ", near, "?");
}

/// The option itself, without "=value".
std::string option_of(const std::string& word) {
  return word.substr(0, word.find('='));
}

/// A word that no command took is what is wrong, whatever CLI11 noticed first (a missing argument, say).
void refuse_strange_words(const std::vector<const CLI::App*>& chain) {
  std::vector<const CLI::App*> up_to_here;
  for (const CLI::App* app : chain) {
    up_to_here.push_back(app);
    const auto words = app->remaining();
    if (words.empty()) continue;
    const std::string name = name_of(up_to_here), help = concat(" (", name, " --help)");
    const auto is_option = [](const std::string& word) { return word.size() > 1 && word.starts_with('-'); };
    const auto option = std::ranges::find_if(words, is_option);
    const auto commands = app->get_subcommands(nullptr);
    if (!commands.empty() && !is_option(words.front())) {
      std::vector<std::string> names;
      for (const CLI::App* command : commands) names.push_back(command->get_name());
      fail(ExitCode::usage, "'", words.front(), "' is no command of ", name, suggestion(words.front(), names), " (",
           join(names, ", "), ")");
    }
    if (option != words.end())
      fail(ExitCode::usage, name, ": there is no option '", option_of(*option), "'",
           suggestion(option_of(*option), option_names(*app)), help);
    fail(ExitCode::usage, name, ": '", words.front(), "' is one argument too many", help);
  }
}

/// "--format: xml not in {kitti,coco}": the word meant, where it is near.
std::string suggested_choice(const CLI::App& app, const std::string& message) {
  for (const CLI::Option* option : app.get_options()) {
    const std::string type = option->get_type_name();
    const auto open = type.find('{');
    if (open == std::string::npos || !message.starts_with(option->get_name() + ":")) continue;
    std::vector<std::string> choices;
    for (const auto word : split(std::string_view(type).substr(open + 1, type.size() - open - 2), ','))
      choices.emplace_back(word);
    const auto begin = option->get_name().size() + 2, end = message.find(" not in ");
    if (end != std::string::npos && end > begin) return suggestion(message.substr(begin, end - begin), choices);
  }
  return "";
}

}  // namespace

ExitCode run_command_line(CLI::App& tree, int argc, const char* const* argv) {
  try {
    tree.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const auto chain = named_commands(tree);
    if (error.get_exit_code() == 0) {
      tree.exit(error);
      return ExitCode::done;
    }
    refuse_strange_words(chain);
    const CLI::App& command = *chain.back();
    if (!command.get_subcommands(nullptr).empty()) {
      std::cerr << tree.help();
      return ExitCode::usage;
    }
    const std::string what = error.what();
    fail(ExitCode::usage, name_of(chain), ": ", what, suggested_choice(command, what), " (", name_of(chain),
         " --help)");
  }
  return ExitCode::done;
}

}  // namespace fastbox::apps
