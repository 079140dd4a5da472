#include <catch2/catch.hpp>

#include "support/support.hpp"
#include "train/schedule.hpp"

using namespace fastbox;
using train::learning_rate;

TEST_CASE("KittiBox's schedule falls out of one run file by changing the ranks", "[schedule]") {
  const config::Settings settings;  // 700,000 samples, 5 a rank
  CHECK(train::plan_run(settings, 1).steps == 140'000);
  CHECK(train::plan_run(settings, 8).steps == 17'500);
  CHECK(train::plan_run(settings, 16).steps == 8'750);
  CHECK(train::plan_run(settings, 16).batch == 80);
  CHECK(train::plan_run(settings, 1).evaluation_samples == 10'000);
}

TEST_CASE("steps, a fixed batch and an uneven last step", "[schedule]") {
  config::Settings settings;
  settings.train = {0, 30, 8, 0};
  settings.evaluation.every = 5;
  const auto plan = train::plan_run(settings, 2);
  CHECK(plan.samples == 240);
  CHECK(plan.evaluation_samples == 40);
  settings.train = {100, 0, 8, 0};
  CHECK(train::plan_run(settings, 2).steps == 13);
  settings.train.batch = 3;
  const auto too_many = test::caught([&] { train::plan_run(settings, 4); });
  CHECK(too_many.code == ExitCode::usage);
  CHECK(too_many.mentions("at least one image for each of the 4 ranks"));
}

TEST_CASE("the rate is scaled, warmed up, and falls as half a cosine", "[schedule]") {
  config::Settings settings;
  settings.train = {1000, 0, 20, 0};
  settings.optimizer.learning_rate = 0.1;
  settings.optimizer.reference_batch = 5;
  settings.optimizer.scaling = "linear";
  CHECK(train::plan_run(settings, 1).peak_learning_rate == Approx(0.4));
  settings.optimizer.scaling = "sqrt";
  const auto plan = train::plan_run(settings, 1);
  CHECK(plan.peak_learning_rate == Approx(0.2));
  CHECK(learning_rate(settings.optimizer, plan, 500) == Approx(0.2));
  settings.optimizer.warmup_samples = 100;
  settings.optimizer.schedule = "cosine";
  CHECK(learning_rate(settings.optimizer, plan, 0) == Approx(0.2 * 0.1));  // the step's middle: sample 10 of 100
  CHECK(learning_rate(settings.optimizer, plan, 540) == Approx(0.1));
  CHECK(learning_rate(settings.optimizer, plan, 980) == Approx(0).margin(1e-4));
}

TEST_CASE("what is due is due once, whatever the batch", "[schedule]") {
  int due = 0;
  for (int samples = 0; samples < 1000; samples += 8) due += train::is_due(100, samples, samples + 8);
  CHECK(due == 10);
  CHECK_FALSE(train::is_due(0, 0, 1000));
}
