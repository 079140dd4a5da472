// Heartbeats beside everything else that the MPI thread does. What the watchdog says is tested in tests/cli.
#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include <chrono>
#include <thread>

#include "comm/gradient_averager.hpp"
#include "comm/watchdog.hpp"
#include "mpi/ranks.hpp"

using namespace fastbox;

TEST_CASE("heartbeats and warnings leave the steps beside them as they are", "[watchdog]") {
  auto& world = test::world();
  const std::vector<comm::GradientAverager::NamedParameter> parameters = {
      {"a", at::full({300}, 0.5).set_requires_grad(true)}, {"b", at::full({7}, 0.5).set_requires_grad(true)}};
  comm::AveragerOptions options;
  options.first_bucket_mib = options.bucket_mib = 64.0 / (1 << 20);
  comm::GradientAverager averager(world, parameters, options);
  REQUIRE(averager.plan().buckets.size() == 2);
  // Each late for two beats: of the second rank the first warns; of the first nobody, because its heartbeats go on.
  const comm::Watchdog watchdog(world, {0.1, 600}, {"b", "a"}, {0, 1});
  for (int late = 0; late < std::min(2, world.size()); ++late) {
    if (world.rank() == late) std::this_thread::sleep_for(std::chrono::milliseconds(1100));
    for (int step = 0; step < 20; ++step) {
      ++world.standing().step;
      averager.begin();
      averager.begin_pass(averager.leaves().begin, true, true);
      ((world.rank() + 1.0) * (parameters[0].second.sum() + parameters[1].second.sum())).backward();
      averager.end_pass();
      averager.wait();
      const double expected = world.size() * (world.size() + 1) / 2.0;
      for (const auto& slot : averager.plan().slots)
        CHECK(at::all(averager.gradient().narrow(0, slot.offset, slot.count) == expected).item<bool>());
      CHECK(world.sum({1.0})[0] == world.size());
    }
  }
}
