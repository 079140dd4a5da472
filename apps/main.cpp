// fastbox: one binary, one command a file. This is the only place that catches.

#include <exception>
#include <iostream>

#include "base/error.hpp"
#include "base/log.hpp"
#include "commands.hpp"

namespace {

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
  fastbox::apps::add_info(app);
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
