// The loss's operator against its composition of LibTorch's operators: terms and gradients.
#include "models/grid_losses.hpp"

#include <ATen/Parallel.h>

#include <catch2/catch.hpp>

#include <limits>

#include "unit/models/loss_cases.hpp"

using namespace fastbox;
using namespace fastbox::test;

namespace {

void compare(const LossResults& ours, const LossResults& theirs, double tolerance) {
  for (std::size_t i = 0; i < 4; ++i) {
    INFO("term " << i);
    CHECK(ours.terms[i].dim() == 0);
    CHECK(ours.terms[i].scalar_type() == theirs.terms[i].scalar_type());
    CHECK(worst(ours.terms[i], theirs.terms[i]) < tolerance);
    CHECK(ours.gradients[i].sizes() == theirs.gradients[i].sizes());
    CHECK(worst(ours.gradients[i], theirs.gradients[i]) < tolerance);
  }
}

}  // namespace

TEST_CASE("terms and gradients are those of LibTorch's operators", "[grid_losses]") {
  for (const auto type : {at::kDouble, at::kFloat})
    for (const std::int64_t images : {1, 3})
      for (const std::int64_t classes : {1, 2, 5})
        for (const double clip : {25.0, 100.0, 1e9}) {
          INFO(type << ", " << images << " images, " << classes << " classes, clip " << clip);
          const LossInput input = made_losses({images, classes, clip, type});
          compare(run_losses(models::losses, input), run_losses(models::plain_losses, input),
                  type == at::kDouble ? 1e-12 : 1e-6);
        }
}

TEST_CASE("the made case has what matters: masked and positive cells, near and far, clipped and not", "[grid_losses]") {
  const LossInput input = made_losses({3, 2});
  const auto& [out, targets, options] = input;
  const auto some = [](const at::Tensor& which) {
    const double share = which.to(at::kDouble).mean().item<double>();
    return share > 0.05 && share < 0.95;
  };
  const at::Tensor positive = targets.weight > 0;
  const at::Tensor residual = targets.box - out.box;
  CHECK(some(positive));
  CHECK(some(targets.mask.amin(-1)));
  CHECK(some((residual == 0).index({positive})));
  CHECK(some(((residual - out.delta_box).square() > options.delta_box_clip).index({positive})));
  const at::Tensor near =
      (residual.narrow(-1, 0, 2) / targets.box.narrow(-1, 2, 2).clamp_min(1)).square().sum(-1) < 0.04;
  CHECK(some(near.index({positive})));
  CHECK((targets.box.narrow(-1, 2, 2) < 1).index({positive}).any().item<bool>());
}

TEST_CASE("maps of any layout, and a term alone", "[grid_losses]") {
  LossInput input = made_losses({3, 2});
  const LossResults expected = run_losses(models::plain_losses, input);
  for (at::Tensor* map : {&input.out.logits, &input.out.box, &input.targets.mask, &input.targets.box})
    *map = map->permute({0, 3, 1, 2}).contiguous().permute({0, 2, 3, 1});
  REQUIRE_FALSE(input.out.box.is_contiguous());
  compare(run_losses(models::losses, input), expected, 1e-12);

  models::Output out = input.out;
  out.box = out.box.detach().clone().requires_grad_();
  models::losses(out, input.targets, {}, input.options, 8).delta_box.backward();
  const at::Tensor alone = out.box.grad().clone();
  out.box.mutable_grad().zero_();
  models::plain_losses(out, input.targets, {}, input.options, 8).delta_box.backward();
  CHECK(worst(alone, out.box.grad()) < 1e-12);
}

TEST_CASE("the bits do not depend on the number of threads", "[grid_losses]") {
  const LossInput input = made_losses({24, 2, 100, at::kFloat});  // enough for two
  const int before = at::get_num_threads();
  std::vector<LossResults> results;
  for (const int threads : {1, 2}) {
    at::set_num_threads(threads);
    results.push_back(run_losses(models::losses, input));
  }
  at::set_num_threads(before);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(at::equal(results[0].terms[i], results[1].terms[i]));
    CHECK(at::equal(results[0].gradients[i], results[1].gradients[i]));
  }
}

TEST_CASE("a number that is none reaches the loss", "[grid_losses]") {
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()})
    for (const int which : {0, 1, 2, 3}) {
      LossInput input = made_losses({1, 1});
      input.targets.weight.fill_(1);
      input.targets.mask.fill_(1);
      at::Tensor* const maps[] = {&input.out.logits, &input.out.box, &input.out.delta_logits, &input.out.delta_box};
      (*maps[which])[0][3][7][1] = bad;
      const LossResults ours = run_losses(models::losses, input), theirs = run_losses(models::plain_losses, input);
      INFO("map " << which << ", " << bad);
      for (std::size_t i = 0; i < 4; ++i) {
        CHECK(at::isfinite(ours.terms[i]).item<bool>() == at::isfinite(theirs.terms[i]).item<bool>());
        CHECK(at::equal(at::isfinite(ours.gradients[i]), at::isfinite(theirs.gradients[i])));
      }
    }
}

TEST_CASE("maps that do not fit each other are refused", "[grid_losses]") {
  LossInput input = made_losses({2, 1});
  input.targets.box = input.targets.box.narrow(0, 0, 1);
  CHECK_THROWS_WITH(models::losses(input.out, input.targets, {}, input.options, 2), Catch::Contains("grid_losses"));
}
