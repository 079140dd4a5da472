// compare_step --config RUN.yaml [--set key=value]... [--steps N] [--rounds N] [--json FILE]
//
// One training step averaged in two ways in one process: ours, and c10d::Reducer (what PyTorch's DistributedDataParallel
// is made of) over the same MPI, with its default buckets and torch's own fused optimiser. Rounds of steps of the one
// and the other take turns, so that whatever else the machine does falls on both. Under mpiexec.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/distributed/c10d/reducer.hpp>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "base/memory.hpp"
#include "bench/mpi_backend.hpp"
#include "config/run_file.hpp"
#include "data/sampler.hpp"
#include "json_output.hpp"
#include "models/dropout.hpp"
#include "random_batch.hpp"
#include "timings.hpp"
#include "train/detector.hpp"
#include "train/device.hpp"
#include "train/schedule.hpp"
#include "train/tensor_memory.hpp"
#include "train/train_step.hpp"

namespace fastbox::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int uncounted_steps = 3;  // c10d rebuilds its buckets after the first

struct Options {
  std::string run_file, json;
  std::vector<std::string> overrides;
  int steps = 5, rounds = 10;
};

/// What a user of c10d writes: forward, backward with the Reducer's hooks, clip, torch's fused Adam.
class ReducerStep {
 public:
  ReducerStep(models::Network& model, comm::World& world, const config::Settings& settings)
      : model_(model), settings_(settings), group_(make_process_group(world)) {
    for (const auto& [name, parameter] : model.parameters_in_forward_order()) {
      parameters_.push_back(parameter);
      m_.push_back(at::zeros_like(parameter)), v_.push_back(at::zeros_like(parameter));
      steps_.push_back(at::zeros({}));
    }
    const std::vector<std::size_t> limits = {c10d::kDefaultFirstBucketBytes, c10d::kDefaultBucketBytesCap};
    const auto [buckets, sizes] = c10d::compute_bucket_assignment_by_size(parameters_, limits);
    // As DistributedDataParallel does: the last parameters' bucket first.
    std::vector<std::vector<std::size_t>> order(buckets.rbegin(), buckets.rend());
    reducer_ = std::make_unique<c10d::Reducer>(
        parameters_, order, group_, std::vector<bool>(parameters_.size(), false), c10d::kDefaultBucketBytesCap,
        /*find_unused_parameters=*/false, /*gradient_as_bucket_view=*/true,
        std::unordered_map<std::size_t, std::string>{}, c10d::kDefaultFirstBucketBytes,
        /*skip_all_reduce_unused_params=*/false, /*use_python_reducer=*/false, std::vector<std::int64_t>{});
  }

  void run(const train::BatchTensors& batch, const std::vector<std::uint64_t>& seeds, double rate) {
    for (auto& parameter : parameters_) parameter.mutable_grad() = at::Tensor();
    reducer_->prepare_for_forward();
    reducer_->rebuild_buckets();
    // The Reducer averages over the ranks, so each takes the mean over its own images.
    const double divisor = static_cast<double>(batch.image.size(0));
    const at::Tensor of_images = seeds.empty() ? at::Tensor() : models::seed_tensor(seeds, at::kCPU);
    const auto terms = model_.losses(batch.image, batch.targets, of_images, loss_options(), divisor);
    reducer_->prepare_for_backward({});
    at::stack(terms).sum().backward();
    step_optimizer(rate);
  }

 private:
  models::LossOptions loss_options() const {
    const auto& loss = settings_.loss;
    return {loss.confidence, loss.box, loss.delta_confidence, loss.delta_box, loss.delta_box_clip, loss.weight_decay};
  }

  void step_optimizer(double rate) {
    const at::NoGradGuard no_gradient;
    std::vector<at::Tensor> gradients;
    for (const auto& parameter : parameters_) gradients.push_back(parameter.grad());
    const double norm = at::stack(at::_foreach_norm(gradients)).norm().item<double>();
    const double clip = settings_.optimizer.clip_norm;
    if (clip > 0 && norm > clip) at::_foreach_mul_(gradients, clip / norm);
    at::_foreach_add_(steps_, 1);
    const auto& o = settings_.optimizer;
    at::_fused_adamw_(parameters_, gradients, m_, v_, {}, steps_, rate, o.beta1, o.beta2, o.weight_decay, o.epsilon,
                      /*amsgrad=*/false, /*maximize=*/false);
  }

  models::Network& model_;
  const config::Settings& settings_;
  c10::intrusive_ptr<c10d::ProcessGroup> group_;
  std::vector<at::Tensor> parameters_, m_, v_, steps_;
  std::unique_ptr<c10d::Reducer> reducer_;
};

nlohmann::ordered_json compare(const Options& options, comm::World& world) {
  const auto config = config::load(options.run_file, options.overrides);
  const config::Settings& settings = config.settings;
  at::set_num_threads(train::choose_threads(settings.run.threads, world.node_size()));
  const auto our_model = train::make_model(settings, at::kCPU), their_model = train::make_model(settings, at::kCPU);
  train::TrainStep ours(*our_model, world, settings);
  ReducerStep theirs(*their_model, world, settings);

  const train::Plan plan = train::plan_run(settings, world.size());
  const data::Share share = data::share_of_rank(plan.batch, world.rank(), world.size(), ours.shards());
  const data::Batch images =
      apps::random_batch(settings, static_cast<std::uint64_t>(share.begin), static_cast<int>(share.count));
  const train::BatchTensors tensors = train::to_tensors(images, their_model->parameters().front().options());
  const std::vector<std::uint64_t> seeds(static_cast<std::size_t>(share.count), 1);

  std::vector<double> our_times, their_times, ratios;
  const auto timed = [&](std::vector<double>& times, const auto& step) {
    std::vector<double> of_round;
    world.barrier();
    for (int i = 0; i < options.steps; ++i) {
      const auto begin = Clock::now();
      step();
      of_round.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
    }
    times.insert(times.end(), of_round.begin(), of_round.end());
    return apps::median(of_round);
  };
  for (int i = 0; i < uncounted_steps; ++i) {
    ours.run(tensors, seeds, plan.batch, plan.peak_learning_rate);
    theirs.run(tensors, seeds, plan.peak_learning_rate);
  }
  for (int round = 0; round < options.rounds; ++round) {
    const double a = timed(our_times, [&] { ours.run(tensors, seeds, plan.batch, plan.peak_learning_rate); });
    const double b = timed(their_times, [&] { theirs.run(tensors, seeds, plan.peak_learning_rate); });
    ratios.push_back(b / a);
  }
  return {{"ranks", world.size()},
          {"threads", at::get_num_threads()},
          {"batch", plan.batch},
          {"shards", ours.shards()},
          {"parameters", ours.averager().plan().elements},
          {"ours_seconds", apps::spread(our_times)},
          {"reducer_seconds", apps::spread(their_times)},
          {"speedup", apps::spread(ratios)}};
}

int run(int argc, char** argv) {
  CLI::App app("Our gradient averaging against c10d::Reducer, the same step, the same MPI.", "compare_step");
  Options options;
  app.add_option("--config", options.run_file)->required();
  app.add_option("--set", options.overrides)->allow_extra_args(false);
  app.add_option("--steps", options.steps)->check(CLI::PositiveNumber);
  app.add_option("--rounds", options.rounds)->check(CLI::PositiveNumber);
  app.add_option("--json", options.json);
  CLI11_PARSE(app, argc, argv);
  comm::World world;
  const auto report = compare(options, world);
  if (world.is_first()) apps::write_json(options.json.empty() ? "-" : options.json, report);
  return 0;
}

}  // namespace
}  // namespace fastbox::bench

int main(int argc, char** argv) {
  fastbox::keep_freed_memory();
  fastbox::train::pool_tensor_memory();
  try {
    return fastbox::bench::run(argc, argv);
  } catch (const std::exception& error) {
    fastbox::log::error(error.what());
    fastbox::comm::World::abort(fastbox::ExitCode::defect);
  }
}
