// fastbox data synth DIR --train N --val N [--seed S]
// fastbox data check ROOT

#include <unistd.h>

#include <iostream>

#include "base/error.hpp"
#include "base/log.hpp"
#include "commands.hpp"
#include "data/check.hpp"
#include "synth/generate.hpp"

namespace fastbox::apps {
namespace {

/// A line that is overwritten on a terminal; elsewhere a plain one for every tenth of the work.
class Progress {
 public:
  explicit Progress(std::string what) : what_(std::move(what)), terminal_(isatty(STDERR_FILENO) != 0) {}

  void show(int done, int total) {
    if (terminal_)
      std::cerr << '\r' << what_ << ' ' << done << '/' << total << (done == total ? "\n" : "") << std::flush;
    else if (done * 10 / total != (done - 1) * 10 / total)
      log::info(what_, ' ', done, '/', total);
  }

 private:
  std::string what_;
  bool terminal_;
};

void add_synth(CLI::App& data) {
  auto* command = data.add_subcommand("synth", "Make a data set of synthetic street scenes in KITTI's layout");
  auto options = std::make_shared<synth::Options>();
  options->train = 600, options->val = 150;
  command->add_option("DIR", options->folder, "the new KITTI root")->required();
  command->add_option("--train", options->train, "training frames")->capture_default_str();
  command->add_option("--val", options->val, "validation frames")->capture_default_str();
  command->add_option("--seed", options->seed, "the same seed gives the same bytes")->capture_default_str();
  command->add_option("--workers", options->workers, "threads; 0: as many as the machine has cores")
      ->capture_default_str();
  command->callback([options] {
    Progress progress("scenes");
    options->progress = [&](int done, int total) { progress.show(done, total); };
    synth::generate(*options);
  });
}

void add_check(CLI::App& data) {
  auto* command = data.add_subcommand("check", "Look through a KITTI folder for what would stop or spoil a run");
  auto root = std::make_shared<std::string>();
  auto threads = std::make_shared<int>(2);
  command->add_option("ROOT", *root, "holds training/image_2 and training/label_2")->required();
  command->add_option("--threads", *threads, "that decode images")->capture_default_str()->check(CLI::PositiveNumber);
  command->callback([root, threads] {
    const auto report = data::check_data(*root, *threads);
    std::cout << data::format_report(report);
    if (!report.ok()) fail(ExitCode::data, *root, ": ", report.errors.size(), " errors");
  });
}

}  // namespace

void add_data(CLI::App& app) {
  auto* command = app.add_subcommand("data", "Make and check data sets");
  command->require_subcommand(1);
  add_synth(*command);
  add_check(*command);
}

}  // namespace fastbox::apps
