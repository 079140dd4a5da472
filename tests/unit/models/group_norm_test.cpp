// The fused group normalisation against LibTorch's operators.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "unit/models/group_norm_cases.hpp"

using namespace fastbox::test;

namespace {

using fastbox::models::group_norm;
using fastbox::models::plain_group_norm;

void compare(const NormCase& given, at::ScalarType type, double tolerance) {
  for (const bool activate : {false, true})
    for (const bool adds : {false, true}) {
      INFO("activate " << activate << " adds " << adds << " sizes " << given.x.sizes());
      const NormResults ours = run_norm(group_norm, given, type, activate, adds);
      const NormResults exact = run_norm(plain_group_norm, given, at::kDouble, activate, adds);
      CHECK(difference(ours.y, exact.y) < tolerance);
      CHECK(difference(ours.x, exact.x) < tolerance);
      CHECK(difference(ours.weight, exact.weight) < tolerance);
      CHECK(difference(ours.bias, exact.bias) < tolerance);
      if (adds) CHECK(difference(ours.residual, exact.residual) < tolerance);
      CHECK(ours.y.is_contiguous(at::MemoryFormat::ChannelsLast));
      CHECK(ours.x.is_contiguous(at::MemoryFormat::ChannelsLast));
    }
}

}  // namespace

TEST_CASE("the fused group normalisation and its gradients are LibTorch's in float64", "[group_norm]") {
  for (const std::vector<std::int64_t>& sizes :
       {std::vector<std::int64_t>{3, 32, 21, 37}, {1, 8, 1, 1}, {2, 192, 5, 9}, {1, 520, 3, 7}})
    compare(make_norm_case(sizes, at::kFloat), at::kFloat, 2e-6);
}

TEST_CASE("in bf16 the fused group normalisation rounds its results only", "[group_norm]") {
  // Half a unit in the last of eight bits, and what a ReLU's edge moves in the sums.
  compare(make_norm_case({3, 48, 21, 37}, at::kBFloat16), at::kBFloat16, 5e-3);
}

TEST_CASE("a group normalisation has the same bits at any number of threads", "[group_norm]") {
  const NormCase given = make_norm_case({2, 32, 60, 131}, at::kFloat);
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const NormResults one = run_norm(group_norm, given, at::kFloat, true, true);
  at::set_num_threads(2);
  const NormResults two = run_norm(group_norm, given, at::kFloat, true, true);
  at::set_num_threads(before);
  CHECK(at::equal(one.y, two.y));
  CHECK(at::equal(one.x, two.x));
  CHECK(at::equal(one.weight, two.weight));
  CHECK(at::equal(one.bias, two.bias));
}

TEST_CASE("an image's normalisation does not know the other images of its batch", "[group_norm]") {
  const NormCase given = make_norm_case({3, 16, 40, 50}, at::kFloat);
  const at::Tensor all = group_norm(given.x, given.weight, given.bias, {true, {}});
  const at::Tensor alone = group_norm(given.x.narrow(0, 1, 1), given.weight, given.bias, {true, {}});
  CHECK(at::equal(all.narrow(0, 1, 1), alone));
}

TEST_CASE("a NaN in a map is a NaN in what is made of it, in fp32 and bf16", "[group_norm]") {
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    NormCase given = make_norm_case({1, 16, 6, 6}, type);
    given.x[0][3][2][2] = std::numeric_limits<float>::quiet_NaN();
    const at::Tensor y = group_norm(given.x, given.weight, given.bias, {true, {}});
    CHECK(at::isnan(y.narrow(1, 0, 8)).all().item<bool>());
    CHECK_FALSE(at::isnan(y.narrow(1, 8, 8)).any().item<bool>());
  }
}

TEST_CASE("maps of another layout or type are normalised by LibTorch", "[group_norm]") {
  const NormCase given = make_norm_case({2, 16, 5, 6}, at::kFloat);
  const at::Tensor expected = plain_group_norm(given.x, given.weight, given.bias, {true, given.residual});
  CHECK(at::allclose(group_norm(given.x.contiguous(), given.weight, given.bias, {true, given.residual}), expected, 1e-5,
                     1e-5));
  CHECK(at::allclose(group_norm(given.x, given.weight, given.bias, {true, given.residual.contiguous()}), expected, 1e-5,
                     1e-5));
  CHECK(
      group_norm(given.x.to(at::kDouble), given.weight.to(at::kDouble), given.bias.to(at::kDouble), {}).scalar_type() ==
      at::kDouble);
}
