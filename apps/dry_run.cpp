#include "dry_run.hpp"

#include <iostream>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/text.hpp"
#include "data/dataset.hpp"
#include "io/split_list.hpp"
#include "json_output.hpp"
#include "train/detector.hpp"
#include "train/dry_run_table.hpp"
#include "train/measured_rate.hpp"
#include "train/train_step.hpp"
#include "train/weights.hpp"

namespace fastbox::apps {
namespace {

/// The network that the run would train: built as a run builds it, so that what it would refuse is refused here. Its
/// type does not matter to its shapes.
std::unique_ptr<models::Network> model_of(config::Settings settings) {
  settings.run.precision = "fp32";
  auto model = train::make_model(settings, c10::kCPU);
  if (!settings.model.weights.empty()) train::start_from_weights(*model, settings.model);
  return model;
}

void count_frames(const config::RunConfig& config, train::Assumptions& assumptions) {
  const auto use_kittibox = [&](const std::string& why) {
    assumptions.frames = static_cast<std::int64_t>(data::kittibox_split(data::Part::train).size());
    assumptions.frames_origin = concat("KittiBox's split, as ", why);
  };
  if (config.settings.data.root.empty() && config.settings.data.train.empty())
    return use_kittibox("data.root is not set");
  try {
    const auto list = data::find_list(config.settings.data, config.folder, data::Part::train);
    if (list.empty()) return use_kittibox("there is no list of frames");
    assumptions.frames = static_cast<std::int64_t>(io::read_split_list(list).size());
    assumptions.frames_origin = list.string();
  } catch (const Error&) {
    use_kittibox("data.train's list is not here");
  }
}

void find_rate(const config::RunConfig& config, const std::filesystem::path& run_folder, const DryRunOptions& options,
               const train::ModelCost& cost, train::Assumptions& assumptions) {
  if (options.images_per_second > 0) {
    assumptions.images_per_second = options.images_per_second;
    assumptions.rate_origin = "given";
    return;
  }
  if (options.step_seconds > 0) {
    assumptions.images_per_second = train::plan_run(config.settings, 1).batch / options.step_seconds;
    assumptions.rate_origin = concat("given as ", shortest(options.step_seconds), " s a step of one rank");
    return;
  }
  const auto measured = train::measured_rate(run_folder, config);
  assumptions.images_per_second = measured.images_per_second;
  assumptions.rate_origin = measured.origin;
  if (measured.images_per_second > 0) return;
  assumptions.images_per_second = options.tflops * 1e12 / (cost.forward_flop() + cost.backward_flop());
  assumptions.rate_origin = concat("unknown: ", measured.origin, "; assumed from ", shortest(options.tflops),
                                   " TFLOP/s, see --images-per-second");
}

}  // namespace

void add_dry_run_options(CLI::App& command, DryRunOptions& options) {
  auto* dry = command.add_flag("--dry-run", options.dry_run, "predict the run and start nothing (docs/scaling.md)");
  const auto add = [&](const std::string& name, auto& value, const std::string& description) {
    return command.add_option(name, value, "dry run: " + description)->needs(dry)->group("Dry run");
  };
  add("--ranks", options.ranks, "numbers of ranks, 1,2,4")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(1, 1 << 20))
      ->default_str("1");
  auto* rate = add("--images-per-second", options.images_per_second,
                   "what one rank alone trains (default: measured by "
                   "an earlier run in the run folder, else from --tflops)")
                   ->check(CLI::PositiveNumber);
  add("--step-seconds", options.step_seconds, "the same as the seconds of a step on one rank")
      ->check(CLI::PositiveNumber)
      ->excludes(rate);
  add("--tflops", options.tflops, "what one rank sustains where nothing was measured")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  add("--bandwidth", options.bandwidth, "GB/s between nodes, each direction")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  add("--latency", options.latency, "microseconds a message between nodes")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  add("--ranks-per-node", options.ranks_per_node, "ranks of a node")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  add("--node-bandwidth", options.node_bandwidth, "GB/s between a node's ranks")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  add("--node-latency", options.node_latency, "microseconds a message within a node")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  add("--algorithm", options.algorithm, "ring, tree, halving, or the best of them for each bucket")
      ->check(CLI::IsMember(comm::algorithm_names()))
      ->capture_default_str();
  add("--jitter", options.jitter, "standard deviation of a rank's step time, percent")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  add("--json", options.json, "write every figure to this file; - for standard output");
}

void dry_run(const config::RunConfig& config, const std::filesystem::path& run_folder, const DryRunOptions& options) {
  for (const int ranks : options.ranks) {  // refused before anything is built
    train::plan_run(config.settings, ranks);
    train::choose_shards(config.settings, ranks, config.settings.run.device == "cuda");
  }
  const train::ModelCost cost =
      train::cost_of(*model_of(config.settings), config.settings.model.width, config.settings.model.height);
  train::Assumptions assumptions;
  assumptions.cluster = {{options.node_bandwidth * 1e9, options.node_latency * 1e-6},
                         {options.bandwidth * 1e9, options.latency * 1e-6},
                         options.ranks_per_node};
  assumptions.algorithm = comm::algorithm_named(options.algorithm);
  assumptions.jitter = options.jitter / 100;
  count_frames(config, assumptions);
  find_rate(config, run_folder, options, cost, assumptions);

  std::vector<train::Prediction> predictions;
  for (const int ranks : options.ranks)
    predictions.push_back(train::predict(config.settings, cost, assumptions, ranks));
  if (options.json != "-")
    std::cout << (predictions.size() == 1
                      ? train::prediction_text(config.settings, cost, assumptions, predictions.front())
                      : train::prediction_table(config.settings, cost, assumptions, predictions));
  write_json(options.json, train::prediction_json(cost, assumptions, predictions));
}

}  // namespace fastbox::apps
