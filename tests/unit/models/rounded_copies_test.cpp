// A parameter's bf16 copy in its place: the values and gradients of a cast, as long as it is in use.
#include "models/rounded_copies.hpp"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

using namespace fastbox;

namespace {

at::Tensor parameter() {
  return at::sin(at::arange(2 * 3 * 4).to(at::kFloat) * 7).view({2, 3, 4}).requires_grad_();
}

/// Of the parameter, through its operand: rounded as bf16 is.
at::Tensor gradient_through(const at::Tensor& of, const at::Tensor& operand) {
  const at::Tensor factors = at::cos(at::arange(24).to(at::kFloat)).view({2, 3, 4}).to(at::kBFloat16);
  (operand * factors + operand.square()).sum().backward();
  const at::Tensor gradient = of.grad().clone();
  of.mutable_grad() = at::Tensor();
  return gradient;
}

}  // namespace

TEST_CASE("a copy in use has a cast's values and gradient", "[rounded_copies]") {
  const at::Tensor weight = parameter(), other = parameter();
  const at::Tensor copy = weight.detach().to(at::kBFloat16);
  const models::RoundedCopies copies = {{weight.unsafeGetTensorImpl(), copy}};
  CHECK(models::operand_of(weight).is_same(weight));
  CHECK(models::rounded_values_of(weight).is_same(weight));
  {
    const models::WithRoundedCopies in_use(copies);
    for (int pass = 0; pass < 2; ++pass) {
      const at::Tensor operand = models::operand_of(weight);
      CHECK(operand.const_data_ptr() == copy.const_data_ptr());
      CHECK(operand.requires_grad());
      const at::Tensor gradient = gradient_through(weight, operand);
      CHECK(gradient.scalar_type() == at::kFloat);
      CHECK(at::equal(gradient, gradient_through(weight, weight.to(at::kBFloat16))));
    }
    CHECK_FALSE(copy.requires_grad());
    CHECK(models::rounded_values_of(weight).is_same(copy));
    CHECK(models::operand_of(other).is_same(other));
    CHECK_FALSE(models::operand_of(at::Tensor()).defined());
    {
      const at::NoGradGuard no_gradient;
      CHECK_FALSE(models::operand_of(weight).requires_grad());
    }
    {
      const models::RoundedCopies none;
      const models::WithRoundedCopies instead(none);
      CHECK(models::operand_of(weight).is_same(weight));
    }
    CHECK(models::rounded_values_of(weight).is_same(copy));
  }
  CHECK(models::operand_of(weight).is_same(weight));
}
