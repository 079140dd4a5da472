#include "comm/cost_model.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/random.hpp"
#include "support/support.hpp"

using namespace fastbox;
using comm::Algorithm;

namespace {

constexpr comm::Link wire{1e9, 1e-5};

}  // namespace

TEST_CASE("one rank exchanges nothing", "[cost_model]") {
  for (const auto& name : comm::algorithm_names())
    CHECK(comm::allreduce_seconds(comm::algorithm_named(name), 1e6, 1, wire) == 0);
  const auto unknown = test::caught([] { comm::algorithm_named("star"); });
  CHECK(unknown.code == ExitCode::usage);
  CHECK(unknown.mentions("'star'"));
}

TEST_CASE("two ranks: each algorithm by hand", "[cost_model]") {
  CHECK(comm::allreduce_seconds(Algorithm::ring, 1e6, 2, wire) == Approx(2 * 1e-5 + 1e-3));
  CHECK(comm::allreduce_seconds(Algorithm::halving, 1e6, 2, wire) == Approx(2 * 1e-5 + 1e-3));
  CHECK(comm::allreduce_seconds(Algorithm::tree, 1e6, 2, wire) == Approx(2 * 1e-5 + 2e-3));
}

TEST_CASE("four ranks and five", "[cost_model]") {
  CHECK(comm::allreduce_seconds(Algorithm::ring, 4e6, 4, wire) == Approx(6 * (1e-5 + 1e-3)));
  CHECK(comm::allreduce_seconds(Algorithm::tree, 4e6, 4, wire) == Approx(4 * (1e-5 + 4e-3)));
  CHECK(comm::allreduce_seconds(Algorithm::halving, 4e6, 4, wire) == Approx(4 * 1e-5 + 6e-3));
  CHECK(comm::allreduce_seconds(Algorithm::halving, 4e6, 5, wire) == Approx(4 * 1e-5 + 6e-3 + 2 * (1e-5 + 4e-3)));
  CHECK(comm::allreduce_seconds(Algorithm::tree, 4e6, 5, wire) == Approx(6 * (1e-5 + 4e-3)));
}

TEST_CASE("the ring moves the fewest bytes, the tree takes the fewest steps", "[cost_model]") {
  const int ranks = 1000;  // no power of two
  CHECK(comm::allreduce_seconds(Algorithm::ring, 1e9, ranks, wire) <
        comm::allreduce_seconds(Algorithm::halving, 1e9, ranks, wire));
  CHECK(comm::allreduce_seconds(Algorithm::tree, 8, ranks, wire) <
        comm::allreduce_seconds(Algorithm::ring, 8, ranks, wire));
  for (const double bytes : {8.0, 1e4, 1e6, 1e9}) {
    const double best = comm::allreduce_seconds(Algorithm::best, bytes, ranks, wire);
    double least = INFINITY;
    for (const auto one : {Algorithm::ring, Algorithm::tree, Algorithm::halving})
      least = std::min(least, comm::allreduce_seconds(one, bytes, ranks, wire));
    CHECK(best == least);
  }
}

TEST_CASE("nodes: within first, then one rank's worth between them", "[cost_model]") {
  const comm::Cluster cluster{{4e9, 1e-6}, wire, 4};
  const auto seconds = [&](int ranks) { return comm::allreduce_seconds(Algorithm::ring, 8e6, 4e6, ranks, cluster); };
  CHECK(seconds(4) == comm::allreduce_seconds(Algorithm::ring, 8e6, 4, cluster.within_node));
  CHECK(seconds(8) == Approx(seconds(4) + comm::allreduce_seconds(Algorithm::ring, 4e6, 2, wire)));
  CHECK(seconds(9) == Approx(seconds(4) + comm::allreduce_seconds(Algorithm::ring, 4e6, 3, wire)));
  const comm::Cluster flat{{4e9, 1e-6}, wire, 1};
  CHECK(comm::allreduce_seconds(Algorithm::ring, 8e6, 8e6, 3, flat) ==
        comm::allreduce_seconds(Algorithm::ring, 8e6, 3, wire));
}

TEST_CASE("buckets are ready when backward has passed their last parameter", "[cost_model]") {
  // Forward order a (16), b (16), c (16); a small bucket holds one of them, and so does a large one.
  const auto plan = comm::plan_buckets({16, 16, 16}, 16, 16);
  REQUIRE(plan.buckets.size() == 3);
  CHECK(comm::bucket_ready_seconds(plan, {4, 2, 1}) == std::vector<double>{1, 3, 7});
  const auto one = comm::plan_buckets({16, 16, 16}, 48, 48);
  REQUIRE(one.buckets.size() == 1);
  CHECK(comm::bucket_ready_seconds(one, {4, 2, 1}) == std::vector<double>{7});
  CHECK(test::caught([&] { comm::bucket_ready_seconds(plan, {1, 2}); }).code == ExitCode::defect);
}

TEST_CASE("what backward hides and what it does not", "[cost_model]") {
  // Ready at 1, 3, 7 of a backward of 8 s, half a second each: all hidden.
  CHECK(comm::overlapped({1, 3, 7}, {0.5, 0.5, 0.5}, 8).exposed_seconds == 0);
  // The last is ready with the end of backward: it alone is exposed.
  CHECK(comm::overlapped({1, 3, 8}, {0.5, 0.5, 0.25}, 8).exposed_seconds == Approx(0.25));
  // A slow network: the second waits for the first, the third for the second (1 + 3 * 4 = 13).
  const auto slow = comm::overlapped({1, 3, 8}, {4, 4, 4}, 8);
  CHECK(slow.exposed_seconds == Approx(5));
  CHECK(slow.total_seconds == Approx(12));
  CHECK(test::caught([] { comm::overlapped({1}, {1, 2}, 3); }).code == ExitCode::defect);
}

TEST_CASE("the slowest of n normal times, against drawing them", "[cost_model]") {
  CHECK(comm::expected_slowest(1) == 0);
  CHECK(comm::expected_slowest(2) == Approx(1 / std::sqrt(std::numbers::pi)).epsilon(0.06));  // exact for two
  Random random(1, Purpose::shuffle);
  for (const int ranks : {16, 256}) {
    double sum = 0;
    const int draws = 2000;
    for (int draw = 0; draw < draws; ++draw) {
      double slowest = -INFINITY;
      for (int rank = 0; rank < ranks; ++rank) slowest = std::max(slowest, random.normal());
      sum += slowest;
    }
    CHECK(comm::expected_slowest(ranks) == Approx(sum / draws).epsilon(0.02));
  }
}
