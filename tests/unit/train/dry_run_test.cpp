#include "train/dry_run.hpp"

#include <catch2/catch.hpp>

#include "support/support.hpp"

using namespace fastbox;
using train::predict;

namespace {

constexpr double mib = 1024.0 * 1024.0;

/// Three layers of 1, 4 and 2 Mi elements whose backward takes 8, 1 and 1 parts.
train::ModelCost made_cost() {
  constexpr std::int64_t million = 1 << 20;
  train::ModelCost cost;
  cost.parameters = {{"a", million, 4e9, 8e9}, {"b", 4 * million, 0.5e9, 1e9}, {"c", 2 * million, 0.5e9, 1e9}};
  cost.activation_elements = 1 << 20;
  return cost;
}

/// One rank: 10 images a second, so 0.5 s a step of 5; backward is 1/3 s of it.
train::Assumptions made_assumptions(double bandwidth) {
  train::Assumptions assumptions;
  assumptions.cluster = {{bandwidth, 0}, {bandwidth, 0}, 1};
  assumptions.algorithm = comm::Algorithm::ring;
  assumptions.images_per_second = 10;
  assumptions.frames = 7000;
  return assumptions;
}

}  // namespace

TEST_CASE("one rank is as fast as it was measured", "[dry_run]") {
  auto assumptions = made_assumptions(1e9);
  assumptions.jitter = 0.1;
  const auto one = predict({}, made_cost(), assumptions, 1);
  CHECK(one.step_seconds == Approx(0.5));
  CHECK(one.images_per_second == Approx(10));
  CHECK(one.efficiency == Approx(1));
  CHECK(one.exchange.total_seconds == 0);
  CHECK(one.hours == Approx(140'000 * 0.5 / 3600));
  CHECK(one.epochs == Approx(100));
}

TEST_CASE("the schedule is the run's own", "[dry_run]") {
  config::Settings settings;
  settings.optimizer.scaling = "linear";
  settings.optimizer.warmup_samples = 1000;
  const auto on_16 = predict(settings, made_cost(), made_assumptions(1e9), 16);
  CHECK(on_16.plan.steps == 8'750);
  CHECK(on_16.plan.peak_learning_rate == Approx(16e-5));
  CHECK(on_16.warmup_steps == 13);
  CHECK(on_16.samples_per_rank == 43'750);
  settings.train.batch = 8;
  const auto refused = test::caught([&] { predict(settings, made_cost(), made_assumptions(1e9), 9); });
  CHECK(refused.code == ExitCode::usage);
  CHECK(refused.mentions("9 ranks"));
}

TEST_CASE("only the last bucket of a fast network is exposed", "[dry_run]") {
  // The buffer begins with c and b; a, the first layer, is done with the end of backward. 4 MiB over 4 GiB/s, 2 ranks.
  const auto one = predict({}, made_cost(), made_assumptions(4096 * mib), 2);
  CHECK(one.exchange.total_seconds == Approx(28.0 / 4096));
  CHECK(one.exchange.exposed_seconds == Approx(4.0 / 4096));
  CHECK(one.step_seconds == Approx(0.5 + 4.0 / 4096));
  CHECK(one.ring_seconds == one.exchange.total_seconds);
}

TEST_CASE("a network slower than backward shows, less what backward hides of it", "[dry_run]") {
  // 8 MiB (c) are ready after a tenth of backward; then 28 MiB go without a pause.
  const auto one = predict({}, made_cost(), made_assumptions(14 * mib), 2);
  CHECK(one.exchange.total_seconds == Approx(2));
  const double backward = 0.5 * 10 / 15;
  CHECK(one.exchange.exposed_seconds == Approx(0.1 * backward + 2 - backward));
  CHECK(one.efficiency == Approx(0.5 / one.step_seconds));
}

TEST_CASE("half the bytes on the wire, but not within a node", "[dry_run]") {
  config::Settings settings;
  settings.parallel.wire = "bf16";
  auto assumptions = made_assumptions(1e9);
  const double full = predict({}, made_cost(), assumptions, 2).ring_seconds;
  CHECK(predict(settings, made_cost(), assumptions, 2).ring_seconds == Approx(full / 2));
  assumptions.cluster.ranks_per_node = 2;
  CHECK(predict(settings, made_cost(), assumptions, 2).ring_seconds == Approx(full));
  settings.parallel.wire = "fp32";
  settings.run.precision = "fp64";
  CHECK(predict(settings, made_cost(), assumptions, 2).ring_seconds == Approx(2 * full));
}

TEST_CASE("pipelined hides behind a whole step, local pays once in so many steps", "[dry_run]") {
  config::Settings settings;
  settings.parallel.scheme = "pipelined";
  CHECK(predict(settings, made_cost(), made_assumptions(56 * mib), 2).exchange.exposed_seconds == 0);
  CHECK(predict(settings, made_cost(), made_assumptions(28 * mib), 2).exchange.exposed_seconds == Approx(0.5));
  settings.parallel.scheme = "local";
  settings.parallel.local_steps = 4;
  CHECK(predict(settings, made_cost(), made_assumptions(28 * mib), 2).exchange.exposed_seconds == Approx(0.25));
}

TEST_CASE("micro-batches: less memory, and only the last one's backward hides", "[dry_run]") {
  config::Settings settings;
  const auto whole = predict(settings, made_cost(), made_assumptions(14 * mib), 2);
  settings.train.micro_batch = 2;  // 2, 2 and 1
  const auto parts = predict(settings, made_cost(), made_assumptions(14 * mib), 2);
  CHECK(whole.memory.activations == 5 * 4 * mib);
  CHECK(parts.memory.activations == 2 * 4 * mib);
  const double backward = 0.5 * 10 / 15 / 5;
  CHECK(parts.exchange.exposed_seconds == Approx(0.1 * backward + 2 - backward));
  CHECK(parts.compute_seconds == whole.compute_seconds);
}

TEST_CASE("memory by optimizer, moving average and precision", "[dry_run]") {
  config::Settings settings;
  const auto memory = [&] { return predict(settings, made_cost(), made_assumptions(1e9), 2).memory; };
  CHECK(memory().parameters == 28 * mib);
  CHECK(memory().gradients == 28 * mib);
  CHECK(memory().optimizer_state == 56 * mib);
  CHECK(memory().average == 0);
  CHECK(memory().total() == (4 * 28 + 5 * 4) * mib);
  CHECK(memory().frame_cache == 2048 * mib);
  CHECK(memory().rounded_parameters == 0);
  settings.run.precision = "bf16";
  CHECK(memory().parameters == 28 * mib);
  CHECK(memory().rounded_parameters == 14 * mib);
  CHECK(memory().total() == (4 * 28 + 14 + 5 * 4) * mib);
  settings.optimizer.name = "lamb";
  CHECK(memory().optimizer_state == 3 * 28 * mib);
  settings.optimizer.name = "lars";
  settings.optimizer.average = 0.99;
  settings.run.precision = "fp64";
  settings.data.cache = "off";
  CHECK(memory().optimizer_state == 56 * mib);
  CHECK(memory().average == 56 * mib);
  CHECK(memory().frame_cache == 0);
}

TEST_CASE("the slowest rank sets the pace", "[dry_run]") {
  auto assumptions = made_assumptions(1e15);
  assumptions.jitter = 0.02;
  const auto few = predict({}, made_cost(), assumptions, 4), many = predict({}, made_cost(), assumptions, 4096);
  CHECK(few.slowest_seconds == Approx(0.5 * 0.02 * comm::expected_slowest(4)));
  CHECK(many.slowest_seconds > few.slowest_seconds);
  // An uneven batch: 7 images on 4 ranks take as long as 2 do.
  config::Settings settings;
  settings.train.batch = 7;
  assumptions.jitter = 0;
  const auto uneven = predict(settings, made_cost(), assumptions, 4);
  CHECK(uneven.images_per_rank == 2);
  CHECK(uneven.step_seconds == Approx(0.2).epsilon(1e-6));
  CHECK(uneven.efficiency == Approx(7.0 / 8).epsilon(1e-6));
}
