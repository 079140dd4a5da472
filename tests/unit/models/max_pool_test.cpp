// The pooling operator against LibTorch's: the same bits, forward and backward.
#include "models/max_pool.hpp"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include <limits>
#include <vector>

#include "models/layers.hpp"

using namespace fastbox;

namespace {

/// Whole numbers, so that many of four are equal.
at::Tensor maps(at::IntArrayRef sizes, at::ScalarType type) {
  auto generator = models::seeded_generator(5);
  return at::empty(sizes).random_(0, 4, generator).to(type).contiguous(at::MemoryFormat::ChannelsLast);
}

struct Results {
  at::Tensor y, gradient;
};

template <typename Pool>
Results run(const Pool& pool, const at::Tensor& x) {
  const at::Tensor leaf = x.detach().clone(at::MemoryFormat::Preserve).requires_grad_();
  const at::Tensor y = pool(leaf);
  auto generator = models::seeded_generator(6);
  y.backward(at::empty(y.sizes()).normal_(0, 1, generator).to(y.scalar_type()));
  return {y.detach(), leaf.grad()};
}

bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  return a.sizes() == b.sizes() && a.scalar_type() == b.scalar_type() && at::allclose(a, b, 0, 0, /*equal_nan=*/true);
}

void compare(const at::Tensor& x) {
  INFO(x.scalar_type() << x.sizes());
  const Results ours = run(models::max_pool, x), theirs = run(models::plain_max_pool, x);
  CHECK(same_bits(ours.y, theirs.y));
  CHECK(same_bits(ours.gradient, theirs.gradient));
}

}  // namespace

TEST_CASE("maxima and gradients are LibTorch's, to the bit", "[max_pool]") {
  for (const auto type : {at::kFloat, at::kBFloat16})
    for (const auto& sizes : std::vector<std::vector<std::int64_t>>{
             {1, 8, 2, 2}, {2, 24, 6, 10}, {1, 64, 34, 66}, {3, 8, 5, 7}, {1, 16, 3, 2}})
      compare(maps(sizes, type));
}

TEST_CASE("of equal pixels the first gets the gradient, and a NaN is the greatest", "[max_pool]") {
  at::Tensor x = at::zeros({1, 8, 2, 4}).contiguous(at::MemoryFormat::ChannelsLast);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  x[0][3][1][0] = nan;
  x[0][3][1][1] = 2;
  x[0][4][0][2] = nan;
  x[0][4][1][3] = nan;
  x[0][5].fill_(-std::numeric_limits<float>::infinity());
  compare(x);
  const Results ours = run(models::max_pool, x);
  CHECK(ours.gradient[0][0][0][0].item<float>() != 0);
  CHECK(ours.gradient[0][0][0][1].item<float>() == 0);
  CHECK(ours.y[0][3][0][0].isnan().item<bool>());
}

TEST_CASE("what has no kernel is pooled all the same", "[max_pool]") {
  compare(maps({1, 12, 4, 4}, at::kFloat));                                          // channels
  compare(maps({1, 8, 4, 4}, at::kDouble));                                          // type
  compare(maps({1, 8, 4, 4}, at::kFloat).contiguous(at::MemoryFormat::Contiguous));  // layout
}

TEST_CASE("without gradients there is nothing to keep", "[max_pool]") {
  const at::NoGradGuard no_gradient;
  const at::Tensor x = maps({1, 8, 6, 6}, at::kFloat);
  CHECK(same_bits(models::max_pool(x), models::plain_max_pool(x)));
}
