// fastbox data synth DIR --train N --val N [--seed S]
// fastbox data cache ROOT [--split LIST]... [--folder DIR]
// The others: data_check.cpp, data_import.cpp, data_show.cpp, data_split.cpp

#include <iostream>
#include <thread>

#include "base/error.hpp"
#include "base/progress_bar.hpp"
#include "commands.hpp"
#include "data/frame_cache.hpp"
#include "data_commands.hpp"
#include "synth/generate.hpp"

namespace fastbox::apps {
namespace {

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
    ProgressBar bar("scenes", std::int64_t{options->train} + options->val);
    options->progress = [&](int done, int) { bar.show(done); };
    synth::generate(*options);
  });
}

/// The lists that are to be cached: those named, else the training list as a run finds it.
std::vector<data::Dataset> lists_of(const std::string& root, const std::vector<std::string>& splits) {
  config::DataSettings settings;
  settings.root = root;
  std::vector<data::Dataset> lists;
  for (const auto& split : splits) {
    settings.train = split;
    lists.push_back(data::open_dataset(settings, ".", data::Part::train));
  }
  if (splits.empty()) lists.push_back(data::open_dataset(settings, ".", data::Part::train));
  return lists;
}

void add_cache(CLI::App& data) {
  struct Options {
    std::string root, folder;
    std::vector<std::string> splits;
    int threads = 0;
  };
  auto* command = data.add_subcommand("cache", "Decode a data set once, for runs with data.cache=disk");
  auto options = std::make_shared<Options>();
  command->add_option("ROOT", options->root, "holds training/image_2 and training/label_2")->required();
  command
      ->add_option("--split", options->splits,
                   "list of frames, as data.train names it; default: what data.train is without one")
      ->allow_extra_args(false);
  command->add_option("--folder", options->folder,
                      "where runs look for it: data.cache_folder; default: FASTBOX_CACHE, else XDG_CACHE_HOME/fastbox, "
                      "else HOME/.cache/fastbox");
  command->add_option("--threads", options->threads, "that decode; 0: as many as the machine has cores")
      ->capture_default_str();
  command->callback([options] {
    config::DataSettings settings;
    settings.cache = "disk";
    settings.cache_folder = options->folder;
    const int cores = static_cast<int>(std::thread::hardware_concurrency());
    auto wish = data::FrameCacheOptions::of(settings, options->threads > 0 ? options->threads : cores);
    wish.limit = UINT64_MAX;  // who asks for a cache ahead of all runs wants all of it
    for (const auto& list : lists_of(options->root, options->splits)) {
      const auto cache = data::FrameCache::open(list, wish);
      if (!cache) fail(ExitCode::environment, "the cache could not be made");
      std::cout << cache->path().string() << '\n';
      if (const auto missing = cache->file().frames() - cache->file().stored(); missing > 0)
        fail(ExitCode::data, list.source(), ": ", missing, " frames cannot be read (fastbox data check ", options->root,
             " names them)");
    }
  });
}

}  // namespace

void add_data(CLI::App& app) {
  auto* command = app.add_subcommand("data", "Make, import, check, split, cache and show data sets");
  command->require_subcommand(1);
  add_synth(*command);
  add_data_import(*command);
  add_data_check(*command);
  add_data_split(*command);
  add_cache(*command);
  add_data_show(*command);
}

}  // namespace fastbox::apps
