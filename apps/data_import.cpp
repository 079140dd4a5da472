// fastbox data import DIR ZIP... [--force]

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/process_time.hpp"
#include "base/progress_bar.hpp"
#include "data/import.hpp"
#include "data_commands.hpp"

namespace fastbox::apps {
namespace {

struct Options {
  std::string first;
  std::vector<std::string> others;
  std::string to;
  bool force = false;
};

/// The folder stands before the archives, or is named by --to.
void import(const Options& options) {
  data::ImportOptions wish;
  wish.archives.assign(options.others.begin(), options.others.end());
  wish.root = options.to.empty() ? options.first : options.to;
  if (!options.to.empty())
    wish.archives.insert(wish.archives.begin(), options.first);
  else if (wish.archives.empty() || std::filesystem::is_regular_file(wish.root))
    fail(ExitCode::usage, options.first, ": expected the data set's folder, and then its archives (or --to FOLDER)");
  wish.replace = options.force;
  data::ImportReport report;
  {
    std::optional<ProgressBar> bar;
    wish.progress = [&](std::int64_t done, std::int64_t total) {
      if (!bar) bar.emplace("files", total);
      bar->show(done);
    };
    report = data::import_archives(wish);
  }
  std::cout << data::format_import(report);
  // For the report of a run on these data: an import that found everything there has nothing to tell.
  if (report.ok() && report.written > 0)
    write_file_atomically(wish.root / "import.json", nlohmann::ordered_json{{"files", report.written + report.kept},
                                                                            {"unpacked", report.written},
                                                                            {"seconds", seconds_since_process_start()}}
                                                             .dump(2) +
                                                         "\n");
  if (!report.ok()) fail(ExitCode::data, wish.root.string(), ": ", report.errors.size(), " errors");
}

}  // namespace

void add_data_import(CLI::App& data) {
  auto* command =
      data.add_subcommand("import", "Unpack KITTI's zip archives into a data set, and verify what they hold");
  auto options = std::make_shared<Options>();
  command
      ->add_option("DIR", options->first, "the KITTI root; files that are there and equal the archive's are left alone")
      ->required();
  command->add_option("ZIP", options->others,
                      "data_object_image_2.zip, data_object_label_2.zip, data_object_calib.zip");
  command->add_option("--to", options->to, "the KITTI root; what stands in its place is the first archive");
  command->add_flag("--force", options->force, "replace files that are there and differ");
  command->callback([options] { import(*options); });
}

}  // namespace fastbox::apps
