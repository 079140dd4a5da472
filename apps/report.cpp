// fastbox report RUN_DIR... [--out FILE]

#include "report/report.hpp"

#include <unistd.h>

#include <array>
#include <iostream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "command_entry.hpp"
#include "commands.hpp"
#include "info.hpp"
#include "report.hpp"

namespace fastbox::apps {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> runs;
  std::string out;
};

nlohmann::ordered_json this_machine() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  nlohmann::ordered_json machine = {{"host", name.data()}};
  machine.update(build_and_machine());
  return machine;
}

/// Whether `file` was written after eval.json, which a run writes at its end.
bool is_up_to_date(const fs::path& run_folder, const char* file) {
  std::error_code missing;
  const auto trained = fs::last_write_time(run_folder / "eval.json", missing);
  if (missing) return false;
  const auto written = fs::last_write_time(run_folder / file, missing);
  return !missing && written >= trained;
}

void report(const Options& options) {
  fs::path out = options.out;
  if (out.empty()) out = options.runs.size() == 1 ? fs::path(options.runs[0]) / "report.html" : "report.html";
  report::write_report({{options.runs.begin(), options.runs.end()}, this_machine()}, out);
  std::cout << out.string() << '\n';
}

}  // namespace

void write_run_report(const fs::path& run_folder) noexcept {
  try {
    if (is_up_to_date(run_folder, "machine.json") && is_up_to_date(run_folder, "report.html")) return;
    log::info("report: ", (run_folder / "report.html").string());  // first: the report tells the log's last moment
    const auto machine = this_machine();
    write_file_atomically(run_folder / "machine.json", machine.dump(2) + "\n");
    report::write_report({{run_folder}, machine}, run_folder / "report.html");
  } catch (const std::exception& problem) {
    log::warning("the run is done and saved, but its report could not be written: ", problem.what());
  }
}

void add_report(CLI::App& app) {
  auto* command = app.add_subcommand("report", "A run, or several side by side, as one HTML file for any browser");
  auto options = std::make_shared<Options>();
  command->add_option("RUN_DIR", options->runs, "run folders")->required();
  command
      ->add_option("--out", options->out,
                   "the file to write (default: report.html in the run folder; of several, in the working directory)")
      ->type_name(takes::file);
  command->callback([options] { report(*options); });
}

}  // namespace fastbox::apps
