// fastbox bench data [--config RUN.yaml] [--set key=value]... [--seconds S] [--workers N]... [--json FILE]
//
// The way of a run file's training frames from PNG to tensors, piece by piece and as a whole: how many images a second
// one core decodes, finds in the cache and augments, and how many the loader brings.

#include <sys/resource.h>

#include <chrono>
#include <cstring>
#include <ctime>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "bench.hpp"
#include "config/run_file.hpp"
#include "data/frame_cost.hpp"
#include "data/loader.hpp"
#include "io/image.hpp"
#include "json_output.hpp"
#include "machine.hpp"
#include "random_batch.hpp"
#include "timings.hpp"
#include "train/batch_tensors.hpp"
#include "train/device.hpp"

namespace fastbox::apps {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

struct Options : RunFileOptions {
  std::vector<int> workers;
  double seconds = 2;
};

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double seconds_of(const timespec& time) {
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Processor time of this thread, or of all threads of the process. On a machine that is not quiet it tells what a core
/// can do.
double cpu_seconds(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return seconds_of(now);
}

/// One thread does `work` (given a running number) again and again.
Json time_pieces(double seconds, const std::function<void(std::uint64_t)>& work) {
  for (std::uint64_t i = 0; i < 2; ++i) work(i);
  std::vector<double> milliseconds;
  const double cpu_before = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
  for (const auto begin = Clock::now(); milliseconds.size() < 5 || seconds_since(begin) < seconds;) {
    const auto start = Clock::now();
    work(milliseconds.size());
    milliseconds.push_back(1e3 * seconds_since(start));
  }
  const double cpu = cpu_seconds(CLOCK_THREAD_CPUTIME_ID) - cpu_before;
  return {{"images_per_second_per_core", static_cast<double>(milliseconds.size()) / cpu},
          {"milliseconds", spread(milliseconds)}};
}

/// Batches of one rank, as `train` takes them but without a step between.
Json time_loader(const data::Dataset& frames, config::Settings settings, int workers,
                 std::shared_ptr<const data::FrameCache> cache, double seconds) {
  settings.data.workers = workers;
  const int batch = settings.train.batch_per_rank > 0 ? settings.train.batch_per_rank : settings.train.batch;
  const bool cached = cache != nullptr;
  data::Loader loader(frames, settings, {.batch = batch}, std::move(cache));
  // What was made ahead of the first batch is not counted.
  for (int i = 0; i < 2 + workers; ++i) loader.next();
  const double cpu_before = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
  std::int64_t images = 0;
  const auto begin = Clock::now();
  while (images < 5 * batch || seconds_since(begin) < seconds) images += loader.next().images;
  const double wall = seconds_since(begin), cpu = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_before;
  return {{"workers", workers},
          {"cache", cached ? settings.data.cache == "off" ? "ram" : settings.data.cache : "off"},
          {"images_per_second", static_cast<double>(images) / wall},
          {"images_per_second_per_core", static_cast<double>(images) / cpu}};
}

Json measure(const config::RunConfig& config, const Options& options) {
  const config::Settings& settings = config.settings;
  const auto frames = data::open_dataset(settings.data, config.folder, data::Part::train);
  auto wish = data::FrameCacheOptions::of(settings.data, settings.data.workers);
  if (wish.kind == "off") wish.kind = "ram";
  const auto begin = Clock::now();
  const auto cache = data::FrameCache::open(frames, wish);
  const double cache_seconds = seconds_since(begin);
  if (!cache) fail(ExitCode::environment, "bench data: no frame cache; data.cache_mib is ", settings.data.cache_mib);
  const std::size_t cached = cache->file().frames() - cache->file().left_out_for_room();

  Json report = {{"processor", processor_name()},
                 {"frames", frames.size()},
                 {"frames_cached", cache->file().stored()},
                 {"cache_mib", static_cast<double>(cache->file().pixel_bytes()) / (1 << 20)},
                 {"cache_seconds", cache_seconds},
                 {"width", settings.model.width},
                 {"height", settings.model.height}};
  report["decode"] =
      time_pieces(options.seconds, [&](std::uint64_t i) { io::read_frame(frames[i % frames.size()].image); });
  std::vector<std::uint8_t> copy;
  report["cache_read"] = time_pieces(options.seconds, [&](std::uint64_t i) {
    const cv::Mat picture = cache->picture(i % cached);
    copy.resize(picture.total() * 3);
    if (!copy.empty()) std::memcpy(copy.data(), picture.data, copy.size());
  });
  data::FrameReader reader(frames, cache);
  // As much memory as a batch has, so that the floats go where the loader's go.
  std::vector<std::vector<float>> images(8);
  report["augment"] = time_pieces(options.seconds, [&](std::uint64_t i) {
    data::time_sample(reader, settings, i % cached, images[i % images.size()]);
  });
  report["loader"] = Json::array();
  for (const int workers : options.workers)
    for (const bool with_cache : {false, true})
      report["loader"].push_back(time_loader(frames, settings, workers, with_cache ? cache : nullptr, options.seconds));

  const c10::Device device = train::choose_device(settings.run.device, 0);
  const data::Batch batch = random_batch(settings, 0, 1);
  report["device"] = device.str();
  report["to_tensors"] = time_pieces(
      options.seconds, [&](std::uint64_t) { train::to_tensors(batch, at::TensorOptions(at::kFloat).device(device)); });
  return report;
}

void print(const Json& report) {
  const auto number = [](const Json& value) { return fixed(value.get<double>(), 1); };
  for (const char* piece : {"decode", "cache_read", "augment", "to_tensors"})
    std::cout << piece << ": " << number(report[piece]["images_per_second_per_core"]) << " images/s a core, "
              << significant(report[piece]["milliseconds"]["median"].get<double>(), 3) << " ms an image\n";
  for (const auto& loader : report["loader"])
    std::cout << "loader, " << loader["workers"] << " workers, cache " << loader["cache"].get<std::string>() << ": "
              << number(loader["images_per_second"]) << " images/s, " << number(loader["images_per_second_per_core"])
              << " a core\n";
}

void bench(Options options) {
  const auto config = config::load(options.run_file, options.overrides);
  if (options.workers.empty()) options.workers = {config.settings.data.workers};
  const Json report = measure(config, options);
  if (options.json != "-") print(report);
  write_json(options.json, report);
}

}  // namespace

void add_bench_data(CLI::App& bench_command) {
  auto* command = bench_command.add_subcommand("data", "Times the way of training frames from PNG to tensors");
  auto options = std::make_shared<Options>();
  add_run_file_options(*command, *options);
  command->add_option("--seconds", options->seconds, "so long for each figure")
      ->capture_default_str()
      ->check(CLI::Range(0.01, 3600.0));
  command->add_option("--workers", options->workers, "the loader with so many threads (default: data.workers)")
      ->allow_extra_args(false)
      ->check(CLI::Range(1, 1024));
  command->callback([options] { bench(*options); });
}

}  // namespace fastbox::apps
