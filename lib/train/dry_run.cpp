#include "train/dry_run.hpp"

#include <algorithm>
#include <cmath>

namespace fastbox::train {
namespace {

constexpr double mib = 1024.0 * 1024.0;

double bytes_of_number(const config::Settings& settings) {
  return settings.run.precision == "fp64" ? 8 : 4;
}

double bytes_on_the_wire(const config::Settings& settings) {
  return settings.parallel.wire == "bf16" ? 2 : bytes_of_number(settings);
}

/// Seconds of every bucket's exchange.
std::vector<double> bucket_seconds(const config::Settings& settings, const comm::BucketPlan& plan,
                                   const comm::Cluster& cluster, comm::Algorithm algorithm, int ranks) {
  std::vector<double> seconds;
  for (const auto& bucket : plan.buckets) {
    const double elements = static_cast<double>(bucket.count);
    seconds.push_back(comm::allreduce_seconds(algorithm, elements * bytes_of_number(settings),
                                              elements * bytes_on_the_wire(settings), ranks, cluster));
  }
  return seconds;
}

double sum(const std::vector<double>& values) {
  double total = 0;
  for (const double value : values) total += value;
  return total;
}

/// Flat buffers as Optimizer holds them: one or two moments, and lamb's update.
int optimizer_buffers(const std::string& name) {
  if (name == "sgd" || name == "lars") return 1;
  return name == "lamb" ? 3 : 2;
}

Memory memory_of(const config::Settings& settings, const ModelCost& cost, const comm::BucketPlan& plan,
                 int images_at_once) {
  const double flat = static_cast<double>(plan.elements) * bytes_of_number(settings);
  Memory memory;
  memory.parameters = memory.gradients = flat;
  memory.optimizer_state = optimizer_buffers(settings.optimizer.name) * flat;
  memory.average = settings.optimizer.average > 0 ? flat : 0;
  constexpr int bf16_bytes = 2;
  memory.rounded_parameters = settings.run.precision == "bf16" ? bf16_bytes * static_cast<double>(plan.elements) : 0;
  memory.activations = cost.activation_elements * images_at_once * bytes_of_number(settings);
  memory.frame_cache = settings.data.cache == "ram" ? settings.data.cache_mib * mib : 0;
  return memory;
}

/// The exchange of an average step under parallel.scheme. `hiding_seconds`: the backward that runs beside it.
comm::ExchangeCost exchange_of(const config::Settings& settings, const ModelCost& cost, const comm::BucketPlan& plan,
                               const std::vector<double>& seconds, double hiding_seconds, double compute_seconds) {
  const double all = sum(seconds);
  if (settings.parallel.scheme == "local") {  // nothing beside it, but only every so many steps
    const double share = all / static_cast<double>(std::max<std::int64_t>(1, settings.parallel.local_steps));
    return {share, share};
  }
  if (settings.parallel.scheme == "pipelined") return {all, std::max(0.0, all - compute_seconds)};  // a whole step
  std::vector<double> parameter_seconds;
  for (const auto& parameter : cost.parameters)
    parameter_seconds.push_back(hiding_seconds * parameter.backward_flop / cost.backward_flop());
  return comm::overlapped(comm::bucket_ready_seconds(plan, parameter_seconds), seconds, hiding_seconds);
}

}  // namespace

comm::BucketPlan bucket_plan(const config::Settings& settings, const ModelCost& cost) {
  std::vector<std::int64_t> counts;
  for (const auto& parameter : cost.parameters) counts.push_back(parameter.count);
  const double numbers_per_mib = mib / bytes_of_number(settings);
  return comm::plan_buckets(counts, static_cast<std::int64_t>(settings.parallel.first_bucket_mib * numbers_per_mib),
                            static_cast<std::int64_t>(settings.parallel.bucket_mib * numbers_per_mib));
}

Prediction predict(const config::Settings& settings, const ModelCost& cost, const Assumptions& assumptions, int ranks) {
  Prediction result;
  result.ranks = ranks;
  result.plan = plan_run(settings, ranks);
  result.images_per_rank = (result.plan.batch + ranks - 1) / ranks;
  result.samples_per_rank = (result.plan.samples + ranks - 1) / ranks;
  result.warmup_steps = (settings.optimizer.warmup_samples + result.plan.batch - 1) / result.plan.batch;
  result.epochs = static_cast<double>(result.plan.samples) / static_cast<double>(assumptions.frames);

  const int micro = settings.train.micro_batch > 0 ? std::min(settings.train.micro_batch, result.images_per_rank)
                                                   : result.images_per_rank;
  const comm::BucketPlan plan = bucket_plan(settings, cost);
  result.memory = memory_of(settings, cost, plan, micro);

  const auto seconds_by = [&](comm::Algorithm algorithm) {
    return bucket_seconds(settings, plan, assumptions.cluster, algorithm, ranks);
  };
  result.ring_seconds = sum(seconds_by(comm::Algorithm::ring));
  result.tree_seconds = sum(seconds_by(comm::Algorithm::tree));
  result.halving_seconds = sum(seconds_by(comm::Algorithm::halving));

  result.compute_seconds = result.images_per_rank / assumptions.images_per_second;
  // Gradients are complete in the backward of the last micro-batch only.
  const int last = (result.images_per_rank - 1) % micro + 1;
  const double backward_share = cost.backward_flop() / (cost.forward_flop() + cost.backward_flop());
  result.exchange = exchange_of(settings, cost, plan, seconds_by(assumptions.algorithm),
                                backward_share * last / assumptions.images_per_second, result.compute_seconds);
  result.slowest_seconds = result.compute_seconds * assumptions.jitter * comm::expected_slowest(ranks);
  result.step_seconds = result.compute_seconds + result.slowest_seconds + result.exchange.exposed_seconds;
  result.images_per_second = result.plan.batch / result.step_seconds;
  result.efficiency = result.images_per_second / (ranks * assumptions.images_per_second);
  result.hours = static_cast<double>(result.plan.steps) * result.step_seconds / 3600;
  return result;
}

}  // namespace fastbox::train
