// fastbox bench roofline [--config RUN.yaml] [--set key=value]... [--steps N] [--seconds S] [--json FILE]
//
// How near a run file's training step comes to what this machine can do: the machine's ceilings, each convolution of
// the step alone and its bound, and where the rest of the step goes, operator by operator. docs/performance.md says how to read it.

#include <ATen/Parallel.h>

#include <chrono>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>

#include "base/error.hpp"
#include "base/text.hpp"
#include "bench.hpp"
#include "ceilings.hpp"
#include "config/run_file.hpp"
#include "distributed.hpp"
#include "json_output.hpp"
#include "machine.hpp"
#include "operator_log.hpp"
#include "random_batch.hpp"
#include "timings.hpp"
#include "train/detector.hpp"
#include "train/device.hpp"
#include "train/schedule.hpp"
#include "train/train_step.hpp"

namespace fastbox::apps {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr int uncounted_steps = 4;

struct Options : RunFileOptions {
  int steps = 10;
  double seconds = 0.3;
};

/// One rank's step on noise.
class Step {
 public:
  Step(const config::Settings& settings, comm::World& world)
      : plan_(train::plan_run(settings, world.size())),
        device_(train::choose_device(settings.run.device, 0)),
        model_(train::make_model(settings, device_)),
        step_(*model_, world, settings),
        images_(random_batch(settings, 0, plan_.batch)) {}

  train::StepReport operator()() { return step_.run(images_, plan_.batch, plan_.peak_learning_rate); }

  c10::Device device() const { return device_; }
  int batch() const { return plan_.batch; }

 private:
  train::Plan plan_;
  c10::Device device_;
  std::unique_ptr<models::Network> model_;
  train::TrainStep step_;
  data::Batch images_;
};

Json convolution_rows(const OperatorLog& log, const Ceilings& ceilings, c10::Device device, int steps, double seconds) {
  Json rows = Json::array();
  for (const auto& call : log.convolutions()) {
    const ConvolutionCost cost = time_convolution(call, device, seconds);
    rows.push_back({{"pass", call.backward ? "backward" : "forward"},
                    {"shape", cost.shape},
                    {"precision", is_bf16(call) ? "bf16" : "fp32"},
                    {"calls", static_cast<double>(call.calls) / steps},
                    {"gflop", 1e-9 * cost.flops},
                    {"mib", cost.bytes / (1 << 20)},
                    {"alone_milliseconds", 1e3 * cost.seconds},
                    {"bound_milliseconds", 1e3 * cost.bound(ceilings, is_bf16(call))}});
  }
  return rows;
}

/// A step's milliseconds of that kind, over all convolutions.
double total(const Json& rows, const char* kind) {
  return std::accumulate(rows.begin(), rows.end(), 0.0, [&](double sum, const Json& row) {
    return sum + row.at("calls").get<double>() * row.at(kind).get<double>();
  });
}

Json operator_rows(const std::map<std::string, OperatorTime>& times, int steps) {
  std::vector<std::pair<std::string, OperatorTime>> order(times.begin(), times.end());
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.second.seconds > b.second.seconds; });
  Json rows = Json::array();
  for (const auto& [name, time] : order)
    rows.push_back({{"name", name},
                    {"calls", static_cast<double>(time.calls) / steps},
                    {"milliseconds", 1e3 * time.seconds / steps}});
  return rows;
}

constexpr int most_watched = 5;

/// The convolutions of a step as they are defined, and as oneDNN or cuDNN makes them: a run's own (run.convolution) may
/// take fewer multiplications.
Json direct_convolutions(config::Settings settings, const Ceilings& ceilings, const Options& options,
                         comm::World& world) {
  settings.run.convolution = "direct";
  Step step(settings, world);
  step();
  const int watched = std::min(options.steps, most_watched);
  OperatorLog log(step.device().is_cpu());
  for (int i = 0; i < watched; ++i) step();
  log.stop();
  return convolution_rows(log, ceilings, step.device(), watched, options.seconds);
}

Json measure(const config::Settings& settings, const Options& options, comm::World& world) {
  if (world.size() > 1)
    fail(ExitCode::usage, "bench roofline: one rank, not ", world.size(), ": ranks share the ceilings");
  at::set_num_threads(train::choose_threads(settings.run.threads, 1));
  config::Settings seen = settings;
  seen.run.cuda_graph = "off";  // a graph shows no operators
  Step step(seen, world);
  for (int i = 0; i < uncounted_steps; ++i) step();

  std::vector<double> milliseconds, optimizer;
  for (int i = 0; i < options.steps; ++i) {
    const auto begin = Clock::now();
    const auto report = step();
    milliseconds.push_back(1e3 * std::chrono::duration<double>(Clock::now() - begin).count());
    optimizer.push_back(1e3 * report.optimizer_seconds);
  }
  // Watched apart: the watching itself takes time.
  const int watched = std::min(options.steps, most_watched);
  OperatorLog log(step.device().is_cpu());
  const auto begin = Clock::now();
  for (int i = 0; i < watched; ++i) step();
  const double watched_milliseconds = 1e3 * std::chrono::duration<double>(Clock::now() - begin).count() / watched;
  const auto times = log.stop();

  const bool bf16 = settings.run.precision == "bf16";
  const Ceilings ceilings = measure_ceilings(step.device(), bf16, options.seconds);
  const Json convolutions = direct_convolutions(seen, ceilings, options, world);
  const double alone = total(convolutions, "alone_milliseconds"), bound = total(convolutions, "bound_milliseconds");
  const double whole = median(milliseconds);
  return {{"processor", processor_name()},
          {"device", step.device().str()},
          {"threads", at::get_num_threads()},
          {"precision", settings.run.precision},
          {"batch", step.batch()},
          {"width", settings.model.width},
          {"height", settings.model.height},
          {"ceilings",
           {{"fp32_gflop_per_second", 1e-9 * ceilings.fp32},
            {"bf16_gflop_per_second", 1e-9 * ceilings.bf16},
            {"copy_gb_per_second", 1e-9 * ceilings.bytes_per_second}}},
          {"convolutions", convolutions},
          {"gflop", total(convolutions, "gflop")},
          {"step_milliseconds", spread(milliseconds)},
          {"images_per_second", 1e3 * step.batch() / whole},
          {"convolutions_alone_milliseconds", alone},
          {"bound_milliseconds", bound},
          {"of_convolutions_alone", alone / whole},
          {"of_bound", bound / whole},
          {"watched_step_milliseconds", watched_milliseconds},
          {"optimizer_milliseconds", median(optimizer)},
          {"operators", operator_rows(times, watched)}};
}

double number(const Json& value) {
  return value.get<double>();
}

void print_convolutions(const Json& report) {
  std::cout << "\npass      convolution                    calls    GFLOP  bound ms  alone ms  of bound\n";
  for (const auto& row : report["convolutions"]) {
    const double alone = number(row["alone_milliseconds"]), bound = number(row["bound_milliseconds"]);
    std::ostringstream line;
    line << std::left << std::setw(10) << row["pass"].get<std::string>() << std::setw(30)
         << row["shape"].get<std::string>() << std::right << std::setw(6) << number(row["calls"]) << std::setw(9)
         << fixed(number(row["gflop"]), 2) << std::setw(10) << fixed(bound, 2) << std::setw(10) << fixed(alone, 2)
         << std::setw(9) << fixed(100 * bound / alone, 0) << " %";
    std::cout << line.str() << '\n';
  }
}

void print(const Json& report) {
  const Json &ceilings = report["ceilings"], &step = report["step_milliseconds"];
  const double bf16 = number(ceilings["bf16_gflop_per_second"]);
  std::cout << report["processor"].get<std::string>() << ", " << report["threads"] << " threads on "
            << report["device"].get<std::string>() << '\n'
            << "matrix product: " << fixed(number(ceilings["fp32_gflop_per_second"]), 0) << " GFLOP/s in fp32"
            << (bf16 > 0 ? concat(", ", fixed(bf16, 0), " in bf16") : "")
            << "; copy: " << fixed(number(ceilings["copy_gb_per_second"]), 1) << " GB/s\n";
  print_convolutions(report);
  const double whole = number(step["median"]);
  const auto line = [&](const std::string& name, double milliseconds) {
    std::cout << std::left << std::setw(46) << name << std::right << std::setw(10) << fixed(milliseconds, 2) << " ms"
              << std::setw(7) << fixed(100 * milliseconds / whole, 1) << " %\n";
  };
  std::cout << '\n';
  line(concat("the step (", fixed(number(step["min"]), 2), " to ", fixed(number(step["max"]), 2), ")"), whole);
  line("its convolutions alone, direct", number(report["convolutions_alone_milliseconds"]));
  line("their bound by the ceilings", number(report["bound_milliseconds"]));
  std::cout << "\noperators of a watched step (" << fixed(number(report["watched_step_milliseconds"]), 2) << " ms)\n";
  double operators = 0;
  int shown = 0;
  for (const auto& row : report["operators"]) {
    operators += number(row["milliseconds"]);
    if (++shown <= 16)
      line(concat("  ", row["name"].get<std::string>(), " x ", number(row["calls"])), number(row["milliseconds"]));
  }
  line("  all operators", operators);
  line("  between them", number(report["watched_step_milliseconds"]) - operators);
  line("  of that the update of the parameters", number(report["optimizer_milliseconds"]));
}

void bench(const Options& options) {
  run_distributed([&](comm::World& world) {
    const Json report = measure(config::load(options.run_file, options.overrides).settings, options, world);
    if (options.json != "-") print(report);
    write_json(options.json, report);
  });
}

}  // namespace

void add_bench_roofline(CLI::App& bench_command) {
  auto* command = bench_command.add_subcommand(
      "roofline", "Holds a run file's training step against what this machine can do; needs no data");
  auto options = std::make_shared<Options>();
  add_run_file_options(*command, *options);
  command->add_option("--steps", options->steps, "timed steps, after four that are not")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000000));
  command->add_option("--seconds", options->seconds, "so long for each ceiling and each convolution")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 3600.0));
  command->callback([options] { bench(*options); });
}

}  // namespace fastbox::apps
