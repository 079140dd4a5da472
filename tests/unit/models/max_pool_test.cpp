// The pooling operator against LibTorch's: the same bits, forward and backward.
#include "models/max_pool.hpp"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include <limits>
#include <vector>

#include "models/layers.hpp"
#include "models/max_pool_lanes.hpp"

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

at::Tensor gradient_of(const at::Tensor& y) {
  auto generator = models::seeded_generator(6);
  return at::empty(y.sizes()).normal_(0, 1, generator).to(y.scalar_type()).contiguous(at::MemoryFormat::ChannelsLast);
}

template <typename Pool>
Results run(const Pool& pool, const at::Tensor& x) {
  const at::Tensor leaf = x.detach().clone(at::MemoryFormat::Preserve).requires_grad_();
  const at::Tensor y = pool(leaf);
  y.backward(gradient_of(y));
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

/// Pools by the function that a GPU's threads run, each in turn.
template <typename Element>
Results run_threads(const at::Tensor& x, const at::Tensor& gradient) {
  const models::PoolSizes sizes{x.size(2), x.size(3), x.size(1)};
  const at::Tensor y = at::empty_like(gradient), which = at::empty_like(gradient, at::kByte), back = at::zeros_like(x);
  const auto* const in = static_cast<const Element*>(x.const_data_ptr());
  auto* const bytes = which.mutable_data_ptr<std::uint8_t>();
  for (std::int64_t i = 0; i < y.numel() / models::lanes; ++i) {
    models::pool_lanes(in, sizes, i, static_cast<Element*>(y.mutable_data_ptr()), bytes);
    models::spread_lanes(static_cast<const Element*>(gradient.const_data_ptr()), bytes, sizes, i,
                         static_cast<Element*>(back.mutable_data_ptr()));
  }
  return {y, back};
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

TEST_CASE("what a GPU's thread computes has the bits of the CPU's vectors", "[max_pool]") {
  for (const auto type : {at::kFloat, at::kBFloat16})
    for (const auto& sizes : std::vector<std::vector<std::int64_t>>{{2, 24, 6, 10}, {3, 8, 5, 7}, {1, 64, 34, 66}}) {
      at::Tensor x = maps(sizes, type);
      x[0][1][0][1] = std::numeric_limits<float>::quiet_NaN();
      x[0][2].fill_(std::numeric_limits<float>::quiet_NaN());
      x[0][3].fill_(-std::numeric_limits<float>::infinity());
      const Results ours = run(models::max_pool, x);
      const at::Tensor gradient = gradient_of(ours.y);
      const Results threads =
          type == at::kFloat ? run_threads<float>(x, gradient) : run_threads<models::Bf16>(x, gradient);
      CHECK(same_bits(threads.y, ours.y));
      CHECK(same_bits(threads.gradient, ours.gradient));
    }
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
