// fastbox data check ROOT [--train LIST --val LIST] [--drives FILE] [--json FILE]

#include <algorithm>
#include <iostream>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/progress_bar.hpp"
#include "data/check.hpp"
#include "data/dataset.hpp"
#include "data_commands.hpp"
#include "io/split_list.hpp"
#include "json_output.hpp"

namespace fastbox::apps {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string root, train, val, drives, json;
  int threads = 2;
};

/// The list as a run would find it.
data::NamedList list_of(const Options& options, data::Part part) {
  config::DataSettings settings;
  settings.root = options.root;
  settings.train = options.train;
  settings.val = options.val;
  const auto file = data::find_list(settings, ".", part);
  if (!file.empty()) return {file.string(), io::read_split_list(file)};
  return {part == data::Part::train ? "KittiBox's training list" : "KittiBox's validation list",
          data::kittibox_split(part)};
}

/// A list that cannot be read is among the report's errors already where it lies in splits/.
void compare_lists(const Options& options, data::CheckReport& report) {
  data::Drives drives;
  if (!options.drives.empty()) drives = data::read_drives(options.drives);
  try {
    const auto train = list_of(options, data::Part::train), val = list_of(options, data::Part::val);
    check_overlap(train, val, options.drives.empty() ? nullptr : &drives, report);
  } catch (const Error& problem) {
    if (std::ranges::find(report.errors, problem.what()) == report.errors.end())
      report.errors.emplace_back(problem.what());
  }
}

Json json_of(const std::vector<data::ListOverlap::Pair>& pairs) {
  Json array = Json::array();
  for (const auto& pair : pairs)
    array.push_back({{"train", pair.train}, {"val", pair.val}, {"distance", pair.distance}});
  return array;
}

Json json_of(const data::ListOverlap::OfDrives& drives) {
  Json shared = Json::array();
  for (const auto& drive : drives.shared)
    shared.push_back({{"drive", drive.drive}, {"train", drive.train}, {"val", drive.val}});
  return {{"train", drives.train},
          {"val", drives.val},
          {"shared", shared},
          {"val_frames", drives.val_frames},
          {"within_a_second", drives.within_a_second},
          {"unknown", drives.unknown}};
}

Json json_of(const data::CheckReport& report) {
  Json sizes = Json::array();
  for (const auto& [size, count] : report.sizes)
    sizes.push_back({{"width", size.first}, {"height", size.second}, {"images", count}});
  Json json = {
      {"images", report.images},   {"labels", report.labels}, {"pairs", report.pairs},       {"sizes", sizes},
      {"objects", report.objects}, {"errors", report.errors}, {"warnings", report.warnings}, {"notes", report.notes},
      {"overlap", nullptr}};
  if (!report.overlap) return json;
  const auto& overlap = *report.overlap;
  json["overlap"] = {{"train_list", overlap.train_list},
                     {"val_list", overlap.val_list},
                     {"train", overlap.train},
                     {"val", overlap.val},
                     {"compared", overlap.compared},
                     {"in_both", overlap.in_both},
                     {"equal", json_of(overlap.equal)},
                     {"alike", json_of(overlap.alike)},
                     {"drives", overlap.drives ? json_of(*overlap.drives) : Json(nullptr)}};
  return json;
}

void check(const Options& options) {
  data::CheckReport report;
  {
    std::unique_ptr<ProgressBar> bar;
    std::mutex mutex;
    report = data::check_data(options.root, options.threads, [&](std::size_t, std::size_t all) {
      const std::lock_guard lock(mutex);
      if (!bar) bar = std::make_unique<ProgressBar>("frames", static_cast<std::int64_t>(all));
      bar->advance();
    });
  }
  compare_lists(options, report);
  if (options.json != "-") std::cout << data::format_report(report);
  write_json(options.json, json_of(report));
  if (!report.ok()) fail(ExitCode::data, options.root, ": ", report.errors.size(), " errors");
}

}  // namespace

void add_data_check(CLI::App& data) {
  auto* command = data.add_subcommand("check", "Look through a KITTI folder for what would stop or spoil a run");
  auto options = std::make_shared<Options>();
  command->add_option("ROOT", options->root, "holds training/image_2 and training/label_2")->required();
  command->add_option(
      "--train", options->train,
      "the list that is compared with --val, as data.train names it; default: what a run finds without one");
  command->add_option("--val", options->val, "likewise, as data.val");
  command->add_option("--drives", options->drives,
                      "which drive each frame is from: KITTI's train_mapping.txt, beside train_rand.txt, or lines of "
                      "frame, drive and number between tabs");
  command->add_option("--threads", options->threads, "that decode images")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command->add_option("--json", options->json,
                      "writes all of it to this file; -: standard output, in place of the text");
  command->callback([options] { check(*options); });
}

}  // namespace fastbox::apps
