#include <catch2/catch.hpp>

#include <chrono>
#include <thread>

#include "comm/step_control.hpp"
#include "mpi/ranks.hpp"

using namespace fastbox;
using namespace fastbox::comm;

TEST_CASE("what one rank flags all know in the same step", "[step_control]") {
  auto& world = test::world();
  StepControl control(world);
  for (int step = 0; step < 5; ++step) {
    RankStep mine;
    mine.step = step;
    if (world.rank() == world.size() - 1 && step == 3) mine.flags = stop_wanted;
    if (world.rank() == 0 && step == 4) mine.flags = not_a_number;
    control.post(mine);
    std::uint32_t all = 0;
    for (const auto& rank : control.wait()) all |= rank.flags;
    CHECK(all == (step == 3 ? stop_wanted : step == 4 ? not_a_number : 0u));
  }
}

TEST_CASE("an injected delay of 200 ms is found on its rank, with its cause", "[step_control]") {
  auto& world = test::world();
  if (world.size() == 1) return;
  StepControl control(world);
  for (const std::string cause : {"data", "compute", "exchange"}) {
    std::vector<RankStep> sums(static_cast<std::size_t>(world.size()));
    const auto work = [&](const char* part) {
      const auto begin = std::chrono::steady_clock::now();
      std::this_thread::sleep_for(std::chrono::milliseconds(world.rank() == 1 && cause == part ? 205 : 5));
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    };
    for (int step = 0; step < 3; ++step) {
      RankStep mine;
      mine.data_seconds = work("data");
      mine.compute_seconds = work("compute");
      mine.exchange_seconds = work("exchange");
      control.post(mine);
      const auto ranks = control.wait();
      for (std::size_t i = 0; i < sums.size(); ++i) {
        sums[i].rank = ranks[i].rank;
        sums[i].data_seconds += ranks[i].data_seconds / 3;
        sums[i].compute_seconds += ranks[i].compute_seconds / 3;
        sums[i].exchange_seconds += ranks[i].exchange_seconds / 3;
      }
    }
    const auto straggler = find_straggler(sums);
    REQUIRE(straggler.has_value());
    CHECK(straggler->rank == 1);
    CHECK(straggler->cause == cause);
    CHECK(straggler->late_seconds > 0.1);
  }
}

TEST_CASE("ranks that differ by less than a twentieth are not blamed", "[step_control]") {
  std::vector<RankStep> ranks(3);
  for (int i = 0; i < 3; ++i) ranks[static_cast<std::size_t>(i)].rank = i;
  for (auto& rank : ranks) rank.compute_seconds = 0.1;
  ranks[2].compute_seconds = 0.104;
  CHECK_FALSE(find_straggler(ranks).has_value());
  ranks[2].compute_seconds = 0.12;
  CHECK(find_straggler(ranks)->rank == 2);
  CHECK_FALSE(find_straggler(std::span(ranks).first(1)).has_value());
}

TEST_CASE("an exception leaves the message under way to the MPI thread", "[step_control]") {
  auto& world = test::world();
  try {
    StepControl control(world);
    if (!world.is_first()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    control.post({});  // the first rank's is answered after its StepControl is gone
    throw Error(ExitCode::data, "amid a step");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::data);
  }
  CHECK(world.max({world.rank()})[0] == world.size() - 1);
}
