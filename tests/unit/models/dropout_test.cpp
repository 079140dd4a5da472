#include <ATen/ATen.h>

#include <catch2/catch.hpp>

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
