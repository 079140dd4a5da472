// The pooling operator on a GPU against its twin on the CPU and against LibTorch's.
#include "models/max_pool.hpp"

#include <limits>

#include "gpu/kernel_place.hpp"
#include "models/layers.hpp"
#include "support/support.hpp"

using namespace fastbox;
using namespace fastbox::test;

namespace {

/// Whole numbers, so that many of four are equal, with NaNs among them.
at::Tensor maps(at::IntArrayRef sizes, at::ScalarType type) {
  auto generator = models::seeded_generator(5);
  at::Tensor x = at::empty(sizes).random_(0, 4, generator);
  x[0][1][0][1] = std::numeric_limits<float>::quiet_NaN();
  x[0][2].fill_(std::numeric_limits<float>::quiet_NaN());
  x[0][3].fill_(-std::numeric_limits<float>::infinity());
  return x.to(type).contiguous(at::MemoryFormat::ChannelsLast);
}

struct Results {
  at::Tensor y, gradient;
};

template <typename Pool>
Results run(const Pool& pool, const at::Tensor& x) {
  const at::Tensor leaf = x.detach().clone().requires_grad_();
  const at::Tensor y = pool(leaf);
  auto generator = models::seeded_generator(6);
  y.backward(at::empty(y.sizes()).normal_(0, 1, generator).to(y.scalar_type()).to(y.device()));
  return {y.detach().cpu(), leaf.grad().cpu()};
}

bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  return a.sizes() == b.sizes() && a.scalar_type() == b.scalar_type() && at::allclose(a, b, 0, 0, /*equal_nan=*/true);
}

}  // namespace

TEST_CASE("a GPU's maxima and their gradients have the CPU's bits and LibTorch's", "[max_pool]") {
  const auto gpu = KernelPlace::find();
  SKIP_UNLESS(gpu, no_gpu);
  for (const auto type : {at::kFloat, at::kBFloat16})
    for (const auto& sizes : std::vector<std::vector<std::int64_t>>{
             {1, 8, 2, 2}, {2, 24, 6, 10}, {1, 64, 34, 66}, {3, 8, 5, 7}, {1, 16, 3, 2}, {2, 256, 96, 312}}) {
      INFO(type << sizes);
      const at::Tensor x = maps(sizes, type);
      const Results ours = gpu->run([&] { return run(models::max_pool, gpu->copy(x)); }),
                    twin = run(models::max_pool, x), theirs = run(models::plain_max_pool, gpu->copy(x));
      CHECK(same_bits(ours.y, twin.y));
      CHECK(same_bits(ours.gradient, twin.gradient));
      CHECK(same_bits(ours.y, theirs.y));
      CHECK(same_bits(ours.gradient, theirs.gradient));
    }
}

TEST_CASE("maps that begin anywhere in a GPU's memory are pooled, and without indices too", "[max_pool]") {
  const auto gpu = KernelPlace::find();
  SKIP_UNLESS(gpu, no_gpu);
  const at::Tensor x = maps({2, 8, 4, 6}, at::kFloat);
  const at::Tensor memory = at::zeros({x.numel() + 1}, at::TensorOptions(gpu->device()));
  const at::Tensor shifted = memory.narrow(0, 1, x.numel()).as_strided(x.sizes(), x.strides());
  shifted.copy_(x);
  REQUIRE(shifted.is_contiguous(at::MemoryFormat::ChannelsLast));
  CHECK(same_bits(gpu->run([&] { return models::max_pool(shifted); }).cpu(), models::plain_max_pool(x)));
}
