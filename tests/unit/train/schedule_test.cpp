#include <catch2/catch.hpp>

#include <cmath>
#include <string>

#include "config/run_file.hpp"
#include "support/support.hpp"
#include "train/schedule.hpp"

using namespace fastbox;
using train::learning_rate;

TEST_CASE("KittiBox's schedule falls out of one run file by changing the ranks", "[schedule]") {
  const config::Settings settings = config::load("configs/kitti-vgg16.yaml").settings;  // 700,000 samples, 5 a rank
  const auto one = train::plan_run(settings, 1), eight = train::plan_run(settings, 8),
             sixteen = train::plan_run(settings, 16);
  CHECK(one.steps == 140'000);
  CHECK(eight.steps == 17'500);
  CHECK(sixteen.steps == 8'750);
  CHECK(sixteen.batch == 80);
  for (const auto& plan : {one, eight, sixteen}) {
    CHECK(plan.samples == 700'000);
    CHECK(plan.evaluation_samples == 10'000);  // every 2,000 steps on one rank
  }
}

// The Cray talk's second table: 43,750 steps on 1 rank, 5,470 on 8 and 2,735 on 16. Those are 700,160 samples on 8 and
// on 16 ranks, rounded up to tens and fives. Ours end with the 700,000th sample: 5,468.75 and 2,734.375 batches, of
// which the last is a smaller one.
TEST_CASE("the same with 16 images a rank", "[schedule]") {
  const config::Settings settings = config::load("configs/kitti-vgg16.yaml", {"train.batch_per_rank=16"}).settings;
  CHECK(train::plan_run(settings, 1).steps == 43'750);
  const auto eight = train::plan_run(settings, 8), sixteen = train::plan_run(settings, 16);
  CHECK(eight.steps == 5'469);
  CHECK(eight.samples - (eight.steps - 1) * eight.batch == 96);  // 3/4 of a batch of 128
  CHECK(sixteen.steps == 2'735);
  CHECK(sixteen.samples - (sixteen.steps - 1) * sixteen.batch == 96);  // 3/8 of 256
}

TEST_CASE("the peak rate follows the ranks as optimizer.scaling says", "[schedule]") {
  const auto peak = [](const std::string& scaling, int ranks) {
    const auto run =
        config::load("configs/kitti-vgg16.yaml", {"optimizer.scaling=" + scaling, "optimizer.learning_rate=2e-5"});
    return train::plan_run(run.settings, ranks).peak_learning_rate;
  };
  for (const int ranks : {1, 8, 16}) {
    CHECK(peak("none", ranks) == 2e-5);
    CHECK(peak("linear", ranks) == Approx(2e-5 * ranks).epsilon(1e-15));
    CHECK(peak("sqrt", ranks) == Approx(2e-5 * std::sqrt(ranks)).epsilon(1e-15));
  }
}

TEST_CASE("warm-up reaches the peak at the same sample whatever the batch", "[schedule]") {
  config::Settings settings;
  settings.optimizer.warmup_samples = 7'000;
  settings.optimizer.scaling = "linear";
  for (const int ranks : {1, 8, 16, 64}) {
    INFO(ranks << " ranks");
    const auto plan = train::plan_run(settings, ranks);
    std::int64_t samples = 0, full = -1;
    double before = 0;
    for (; full < 0; samples += plan.batch) {
      const double rate = learning_rate(settings.optimizer, plan, samples);
      CHECK(rate > before);
      before = rate;
      // The rate per image seen is one line for all numbers of ranks.
      if (rate < plan.peak_learning_rate) {
        CHECK(rate / plan.peak_learning_rate == Approx((static_cast<double>(samples) + plan.batch / 2.0) / 7'000));
      } else {
        full = samples;
      }
    }
    // The first step at the peak is the one whose middle is the first at or after the 7,000th sample.
    CHECK(2 * full + plan.batch >= 2 * 7'000);
    CHECK(2 * full - plan.batch < 2 * 7'000);
  }
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
