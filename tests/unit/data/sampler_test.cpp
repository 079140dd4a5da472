#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>

#include "data/sampler.hpp"

using namespace fastbox;

TEST_CASE("an epoch is a permutation that depends on seed and epoch", "[sampler]") {
  auto order = data::epoch_order(1, 0, 101);
  CHECK(order == data::epoch_order(1, 0, 101));
  CHECK(order != data::epoch_order(1, 1, 101));
  CHECK(order != data::epoch_order(2, 0, 101));
  std::sort(order.begin(), order.end());
  std::vector<std::size_t> all(101);
  std::iota(all.begin(), all.end(), std::size_t{0});
  CHECK(order == all);
}

TEST_CASE("each place of an epoch gets each frame about as often", "[sampler]") {
  std::vector<int> first(5, 0);
  for (std::uint64_t epoch = 0; epoch < 5000; ++epoch) ++first[data::epoch_order(7, epoch, 5)[0]];
  for (const int count : first) CHECK(std::abs(count - 1000) < 150);  // five standard deviations
}

TEST_CASE("samples run through the epochs without a gap, asked in any order", "[sampler]") {
  data::Sampler sampler(3, 4);
  for (const std::uint64_t sample : {0u, 3u, 4u, 9u, 2u, 11u}) {
    const auto id = sampler.at(sample);
    CHECK(id.sample == sample);
    CHECK(id.epoch == sample / 4);
    CHECK(id.frame == data::epoch_order(3, sample / 4, 4)[sample % 4]);
  }
}

TEST_CASE("shares are contiguous, disjoint and complete", "[sampler]") {
  for (const int parts : {1, 2, 3, 4, 7})
    for (std::int64_t total = 0; total < 20; ++total) {
      std::int64_t next = 0;
      for (int part = 0; part < parts; ++part) {
        const auto share = data::share_of(total, part, parts);
        CHECK(share.begin == next);
        CHECK(share.count >= total / parts);
        CHECK(share.count <= total / parts + 1);
        next += share.count;
      }
      CHECK(next == total);
    }
  CHECK(data::share_of(5, 0, 2).count == 3);  // the first ranks have one more
  CHECK(data::share_of(5, 1, 2).begin == 3);
}
