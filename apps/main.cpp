// fastbox: one binary, one command a file. This is the only place that catches.

#include <algorithm>
#include <exception>
#include <iostream>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/memory.hpp"
#include "base/text.hpp"
#include "commands.hpp"

namespace {

/// CLI11 alone would only say that a command is missing.
void require_command(const CLI::App& app, const std::string& word) {
  std::vector<std::string> commands;
  for (const CLI::App* command : app.get_subcommands(nullptr)) commands.push_back(command->get_name());
  for (const auto& command : commands)
    if (command == word) return;
  const std::string near = fastbox::nearest_word(word, commands);
  fastbox::fail(fastbox::ExitCode::usage, "'", word, "' is no command of fastbox",
                near.empty() ? "" : "; did you mean '" + near + "'?", " (", fastbox::join(commands, ", "), ")");
}

int run(int argc, char** argv) {
  CLI::App app("Trains, evaluates and runs the FastBox detector on KITTI.", "fastbox");
  app.require_subcommand(1);
  app.set_version_flag("--version", FASTBOX_VERSION);
  app.failure_message(CLI::FailureMessage::help);
  fastbox::apps::add_train(app);
  fastbox::apps::add_eval(app);
  fastbox::apps::add_predict(app);
  fastbox::apps::add_data(app);
  fastbox::apps::add_config(app);
  fastbox::apps::add_bench(app);
  fastbox::apps::add_report(app);
  fastbox::apps::add_info(app);
  if (const std::string word = argc > 1 ? argv[1] : ""; !word.empty() && !word.starts_with('-'))
    require_command(app, word);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool asked_for_help = error.get_exit_code() == 0;
    app.exit(error);
    return static_cast<int>(asked_for_help ? fastbox::ExitCode::done : fastbox::ExitCode::usage);
  }
  return static_cast<int>(fastbox::ExitCode::done);
}

}  // namespace

int main(int argc, char** argv) {
  fastbox::keep_freed_memory();
  try {
    return run(argc, argv);
  } catch (const fastbox::Error& error) {
    if (error.code() == fastbox::ExitCode::stopped)
      fastbox::log::info(error.what());
    else
      fastbox::log::error(error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    fastbox::log::error("a defect of fastbox: ", error.what());
    return static_cast<int>(fastbox::ExitCode::defect);
  }
}
