#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "base/random.hpp"
#include "models/dropout.hpp"

using namespace fastbox;

TEST_CASE("a mask keeps its share and its mean", "[dropout]") {
  const auto mask = models::dropout_mask({1, 2}, 0, {50, 40, 30}, 0.25, at::kFloat);
  CHECK(mask.sizes() == at::IntArrayRef({2, 50, 40, 30}));
  CHECK((mask == 0).to(at::kFloat).mean().item<double>() == Approx(0.25).margin(0.01));
  CHECK(mask.mean().item<double>() == Approx(1).margin(0.01));
  CHECK(mask.max().item<double>() == Approx(1 / 0.75).epsilon(1e-4));
}

TEST_CASE("a mask is a function of the seed and of which it is", "[dropout]") {
  const auto draw = [](std::uint64_t seed, std::uint64_t which) {
    return models::dropout_mask({seed}, which, {7, 9}, 0.5, at::kFloat);
  };
  CHECK(at::equal(draw(3, 1), draw(3, 1)));
  CHECK_FALSE(at::equal(draw(3, 1), draw(3, 2)));
  CHECK_FALSE(at::equal(draw(3, 1), draw(4, 1)));
  CHECK(at::equal(models::dropout_mask({4, 3}, 1, {7, 9}, 0.5, at::kFloat)[1], draw(3, 1)[0]));
}

TEST_CASE("an element is one of the numbers that its stream draws in turn", "[dropout]") {
  for (const std::int64_t elements : {1, 4, 7, 63 * 5}) {
    const std::vector<std::uint64_t> seeds = {7, UINT64_MAX - 2};
    constexpr std::uint64_t which = 2, dropped_below = 19661;  // 0.3 of 65536
    const float kept = static_cast<float>(65536.0 / (65536 - dropped_below));
    std::vector<float> expected;
    for (const std::uint64_t seed : seeds) {
      Random random(seed, Purpose::dropout, which);
      std::uint64_t bits = 0;
      for (std::int64_t i = 0; i < elements; ++i, bits >>= 16) {
        if (i % 4 == 0) bits = random.bits();
        expected.push_back((bits & 0xffff) < dropped_below ? 0.0f : kept);
      }
    }
    const at::Tensor plain = at::tensor(expected).view({2, elements});
    CHECK(at::equal(models::dropout_mask(seeds, which, {elements}, 0.3, at::kFloat), plain));
    for (const auto type : {at::kBFloat16, at::kDouble})
      CHECK(at::equal(models::dropout_mask(seeds, which, {elements}, 0.3, type), plain.to(type)));
    CHECK(at::equal(models::dropout_mask(models::seed_tensor(seeds, at::kCPU), which, {elements}, 0.3, at::kFloat),
                    plain));
  }
}
