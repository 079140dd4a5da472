// Half the squared norm of many tensors, against LibTorch's operators.
#include "models/squared_norm.hpp"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include <vector>

#include "models/block_sum.hpp"
#include "models/layers.hpp"

using namespace fastbox;

namespace {

std::vector<at::Tensor> kernels(at::ScalarType type) {
  auto generator = models::seeded_generator(4);
  std::vector<at::Tensor> all;
  for (const auto& sizes : std::vector<std::vector<std::int64_t>>{
           {1}, {4096}, {4097}, {64, 3, 3, 3}, {127}, {2, 0}, {16, 8, 3, 3}, {128, 64, 3, 3}})
    all.push_back(at::empty(sizes).normal_(0, 1, generator).to(type));
  all[6] = all[6].contiguous(at::MemoryFormat::ChannelsLast);
  all.push_back(at::empty({40, 30}).normal_(0, 1, generator).to(type).narrow(1, 3, 20));
  return all;
}

struct Results {
  at::Tensor value;
  std::vector<at::Tensor> gradients;
};

template <typename Norm>
Results run(const Norm& norm, const std::vector<at::Tensor>& of) {
  std::vector<at::Tensor> leaves;
  for (std::size_t i = 0; i < of.size(); ++i) {
    leaves.push_back(of[i].detach());
    leaves.back().set_requires_grad(i != 3);  // a frozen one
  }
  Results results;
  const at::Tensor value = norm(leaves) * 0.25;
  value.backward();
  results.value = value.detach();
  for (const auto& leaf : leaves) results.gradients.push_back(leaf.grad());
  return results;
}

}  // namespace

TEST_CASE("value and gradients are those of LibTorch's operators", "[squared_norm]") {
  for (const auto type : {at::kDouble, at::kFloat}) {
    const auto all = kernels(type);
    const Results ours = run(models::half_squared_norm, all), theirs = run(models::plain_half_squared_norm, all);
    CHECK(ours.value.scalar_type() == type);
    CHECK(ours.value.item<double>() == Approx(theirs.value.item<double>()).epsilon(type == at::kDouble ? 1e-13 : 1e-6));
    for (std::size_t i = 0; i < all.size(); ++i) {
      INFO("tensor " << i);
      REQUIRE(ours.gradients[i].defined() == (i != 3));
      if (i == 3) continue;
      CHECK(at::equal(ours.gradients[i], theirs.gradients[i]));
      CHECK(at::equal(ours.gradients[i], all[i] * 0.25));
    }
  }
}

TEST_CASE("in double, sums of float squares are exact to the last digit of a float", "[squared_norm]") {
  auto generator = models::seeded_generator(5);
  const at::Tensor values = at::empty({1 << 20}).normal_(0, 1, generator);
  const double exact = 0.5 * values.to(at::kDouble).square().sum().item<double>();
  CHECK(models::half_squared_norm({values}).item<float>() == static_cast<float>(exact));
}

TEST_CASE("lanes take terms in turn and are added in halves", "[squared_norm]") {
  CHECK(models::block_sum(0, [](std::int64_t) { return 1.0; }) == 0);
  for (const std::int64_t count : {1, 127, 128, 129, 1000})
    CHECK(models::block_sum(count, [](std::int64_t i) { return static_cast<double>(i); }) ==
          static_cast<double>(count * (count - 1) / 2));
  // Lane 0 adds a large number, a small one and the large one's opposite; elsewhere the small one would be lost.
  const auto term = [](std::int64_t i) { return i == 0 ? 1e20 : i == models::sum_lanes ? -1e20 : i == 1 ? 1.0 : 0.0; };
  CHECK(models::block_sum(2 * models::sum_lanes, term) == 1);
}
