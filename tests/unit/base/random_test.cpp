#include <catch2/catch.hpp>

#include <set>
#include <vector>

#include "base/random.hpp"

using namespace fastbox;

TEST_CASE("a stream depends on its name alone", "[random]") {
  Random first(7, Purpose::augmentation, 3, 11), again(7, Purpose::augmentation, 3, 11);
  for (int i = 0; i < 100; ++i) CHECK(first.bits() == again.bits());
}

TEST_CASE("streams of different names differ", "[random]") {
  std::set<std::uint64_t> heads;
  for (const std::uint64_t seed : {0u, 1u})
    for (const auto purpose : {Purpose::shuffle, Purpose::augmentation, Purpose::dropout})
      for (std::uint64_t a = 0; a < 20; ++a)
        for (std::uint64_t b = 0; b < 20; ++b) heads.insert(Random(seed, purpose, a, b).bits());
  CHECK(heads.size() == 2 * 3 * 20 * 20);
}

TEST_CASE("the numbers are fixed for ever: checkpoints rely on them", "[random]") {
  Random random(1, Purpose::shuffle, 0, 0);
  const std::vector<std::uint64_t> head = {random.bits(), random.bits()};
  CHECK(head == std::vector<std::uint64_t>{0xa10da6baeb019f54u, 0x4bfd4018063b1704u});
}

TEST_CASE("each number of a stream can be computed alone", "[random]") {
  Random random(9, Purpose::dropout, 4, UINT64_MAX);
  const std::uint64_t state = stream_state(9, Purpose::dropout, 4, UINT64_MAX);
  for (std::uint64_t n = 0; n < 100; ++n) CHECK(bits_at(state, n) == random.bits());
}

TEST_CASE("uniform, below and normal have the moments they should", "[random]") {
  Random random(5, Purpose::dropout);
  constexpr int n = 200'000;
  double sum = 0, squares = 0, normal = 0, normal_squares = 0;
  std::vector<int> count(7);
  for (int i = 0; i < n; ++i) {
    const double u = random.uniform();
    REQUIRE((u >= 0 && u < 1));
    sum += u, squares += u * u;
    const double g = random.normal();
    normal += g, normal_squares += g * g;
    ++count[random.below(7)];
  }
  CHECK(sum / n == Approx(0.5).margin(0.005));
  CHECK(squares / n == Approx(1.0 / 3).margin(0.005));
  CHECK(normal / n == Approx(0).margin(0.01));
  CHECK(normal_squares / n == Approx(1).margin(0.02));
  for (const int c : count) CHECK(c == Approx(n / 7.0).epsilon(0.03));
}
