// fastbox data import ZIP... --to DIR [--force]

#include <iostream>
#include <optional>

#include "base/error.hpp"
#include "base/progress_bar.hpp"
#include "data/import.hpp"
#include "data_commands.hpp"

namespace fastbox::apps {
namespace {

struct Options {
  std::vector<std::string> archives;
  std::string to;
  bool force = false;
};

void import(const Options& options) {
  data::ImportOptions wish;
  wish.archives.assign(options.archives.begin(), options.archives.end());
  wish.root = options.to;
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
  if (!report.ok()) fail(ExitCode::data, options.to, ": ", report.errors.size(), " errors");
}

}  // namespace

void add_data_import(CLI::App& data) {
  auto* command =
      data.add_subcommand("import", "Unpack KITTI's zip archives into a data set, and verify what they hold");
  auto options = std::make_shared<Options>();
  command
      ->add_option("ZIP", options->archives, "data_object_image_2.zip, data_object_label_2.zip, data_object_calib.zip")
      ->required();
  command
      ->add_option("--to", options->to, "the KITTI root; files that are there and equal the archive's are left alone")
      ->required();
  command->add_flag("--force", options->force, "replace files that are there and differ");
  command->callback([options] { import(*options); });
}

}  // namespace fastbox::apps
