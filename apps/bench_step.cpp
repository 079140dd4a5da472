// fastbox bench step [--config RUN.yaml] [--set key=value]... [--steps N] [--json FILE]
//
// The training step of a run file on random images: everything that `train` does but reading frames.

#include <ATen/DeviceAccelerator.h>
#include <ATen/Parallel.h>
#include <sys/resource.h>

#include <chrono>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.hpp"
#include "base/process_time.hpp"
#include "bench.hpp"
#include "config/resolved.hpp"
#include "config/run_file.hpp"
#include "data/sampler.hpp"
#include "distributed.hpp"
#include "json_output.hpp"
#include "random_batch.hpp"
#include "timings.hpp"
#include "train/detector.hpp"
#include "train/device.hpp"
#include "train/schedule.hpp"
#include "train/train_step.hpp"

namespace fastbox::apps {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int uncounted_steps = 3;  // caches, oneDNN's kernels, memory

struct Options : RunFileOptions {
  int steps = 20;
};

double peak_rss_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

double peak_device_mib(c10::Device device) {
  if (device.is_cpu()) return 0;
  return static_cast<double>(at::accelerator::getDeviceStats(device.index()).allocated_bytes[0].peak) / (1 << 20);
}

/// What the steps took, in seconds each.
struct Times {
  std::vector<double> step, data, forward, backward, exposed, optimizer;

  void add(double whole, double batch, const train::StepReport& report) {
    step.push_back(whole), data.push_back(batch);
    forward.push_back(report.forward_seconds), backward.push_back(report.backward_seconds);
    exposed.push_back(report.exposed_seconds), optimizer.push_back(report.optimizer_seconds);
  }
};

/// The largest of the ranks' values.
double most(comm::World& world, double value) {
  return static_cast<double>(world.max({std::llround(value * 1e6)})[0]) / 1e6;
}

nlohmann::ordered_json measure(const config::RunConfig& config, int steps, comm::World& world) {
  const config::Settings& settings = config.settings;
  world.require_equal(config::fingerprint(config), "run file");
  at::set_num_threads(train::choose_threads(settings.run.threads, world.node_size()));
  const c10::Device device = train::choose_device(settings.run.device, world.node_rank());
  const auto model = train::make_model(settings, device);
  train::TrainStep train_step(*model, world, settings);
  const train::Plan plan = train::plan_run(settings, world.size());
  const data::Share share = data::share_of_rank(plan.batch, world.rank(), world.size(), train_step.shards());
  const auto first_sample = static_cast<std::uint64_t>(share.begin);
  const data::Batch images = random_batch(settings, first_sample, static_cast<int>(share.count));
  // Once: a GPU's batches come while the step before computes.
  std::optional<train::BatchTensors> tensors;
  if (images.images > 0) tensors = train::to_tensors(images, train_step.input_options());

  world.barrier();
  const double startup_seconds = seconds_since_process_start();
  double first_step_seconds = 0;
  Times times;
  auto begin = Clock::now();
  for (int step = 0; step < 1 + uncounted_steps + steps; ++step) {
    const double batch_seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    const auto report = train_step.run(images, tensors, plan.batch, plan.peak_learning_rate);
    const auto end = Clock::now();
    if (step == 0) first_step_seconds = seconds_since_process_start();
    if (step > uncounted_steps) times.add(std::chrono::duration<double>(end - begin).count(), batch_seconds, report);
    begin = end;
  }
  train_step.settle();

  // The ranks' mean: one waits for the other, who never waits.
  std::vector<double> parts = world.sum({median(times.data), median(times.forward), median(times.backward),
                                         median(times.exposed), median(times.optimizer)});
  for (double& part : parts) part /= world.size();
  const double step_seconds = most(world, median(times.step));
  return {{"images_per_second", plan.batch / step_seconds},
          {"step_milliseconds", 1e3 * step_seconds},
          {"ranks", world.size()},
          {"batch", plan.batch},
          {"height", settings.model.height},
          {"width", settings.model.width},
          {"device", device.str()},
          {"precision", settings.run.precision},
          {"cuda_graph", settings.run.cuda_graph},
          {"threads", at::get_num_threads()},
          {"shards", train_step.shards()},
          {"exchange", train_step.averager().exchange().name()},
          {"peak_rss_mib", most(world, peak_rss_mib())},
          {"peak_device_mib", most(world, peak_device_mib(device))},
          {"startup_seconds", most(world, startup_seconds)},
          {"first_step_seconds", most(world, first_step_seconds)},
          {"time",
           {{"data", parts[0]},
            {"forward", parts[1]},
            {"backward", parts[2]},
            {"exposed_communication", parts[3]},
            {"optimizer", parts[4]}}},
          {"step_seconds", spread(times.step)}};
}

void bench(const Options& options) {
  run_distributed([&](comm::World& world) {
    const auto report = measure(config::load(options.run_file, options.overrides), options.steps, world);
    if (!world.is_first()) return;
    if (options.json != "-")
      for (const auto& [key, value] : report.items())
        std::cout << key << ": " << (value.is_string() ? value.get<std::string>() : value.dump()) << '\n';
    write_json(options.json, report);
  });
}

}  // namespace

void add_bench_step(CLI::App& bench_command) {
  auto* command =
      bench_command.add_subcommand("step", "Times a run file's training step on random images; needs no data");
  auto options = std::make_shared<Options>();
  add_run_file_options(*command, *options);
  command->add_option("--steps", options->steps, "timed steps, after four that are not (default: 20)")
      ->check(CLI::Range(1, 1000000));
  command->callback([options] { bench(*options); });
}

}  // namespace fastbox::apps
