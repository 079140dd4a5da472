// The center decoder's loss in one pass over the cells, against LibTorch's operators.
#include <ATen/Parallel.h>

#include <catch2/catch.hpp>

#include <limits>

#include "unit/models/center_loss_cases.hpp"
#include "unit/models/loss_cases.hpp"

using namespace fastbox;
using namespace fastbox::test;

TEST_CASE("terms and gradients of one pass over the cells are those of LibTorch's operators", "[center_losses]") {
  for (const auto type : {at::kDouble, at::kFloat})
    for_center_cases(type, [&](const CenterLossCase& given) {
      CAPTURE(type, given.images, given.classes, given.score_is_overlap, given.box_by_distance);
      const CenterLossInput input = made_center_losses(given);
      const auto ours = run_center_losses(models::losses_of_cells, input);
      const auto plain = run_center_losses(models::plain_losses_of_cells, input);
      for (std::size_t i = 0; i < ours.numbers.size(); ++i) {
        CAPTURE(i);
        CHECK(ours.numbers[i].scalar_type() == type);
        CHECK(worst(ours.numbers[i], plain.numbers[i]) < (type == at::kDouble ? 1e-13 : 3e-6));
      }
    });
}

TEST_CASE("neither threads nor layout change the loss's bits", "[center_losses]") {
  const CenterLossInput input = made_center_losses({64, 3, true, true, at::kFloat});
  CenterLossInput strided = input;
  strided.logits = input.logits.permute({0, 3, 1, 2}).contiguous().permute({0, 2, 3, 1});
  const int as_found = at::get_num_threads();
  at::set_num_threads(1);
  const auto one = run_center_losses(models::losses_of_cells, input);
  at::set_num_threads(3);
  const auto three = run_center_losses(models::losses_of_cells, input),
             other = run_center_losses(models::losses_of_cells, strided);
  at::set_num_threads(as_found);
  for (std::size_t i = 0; i < one.numbers.size(); ++i) {
    CHECK(at::equal(one.numbers[i], three.numbers[i]));
    CHECK(at::equal(one.numbers[i], other.numbers[i]));
  }
}

TEST_CASE("a reach or a logit that is no number makes a loss that is none", "[center_losses]") {
  const double none = std::numeric_limits<double>::quiet_NaN();
  for (const bool distance : {false, true}) {
    CenterLossInput input = made_center_losses({1, 2, true, distance});
    for (const double weight : {0., 1.}) {
      input.targets.weight.fill_(weight);
      input.targets.mask.fill_(1);
      input.reach[0][3][4][2] = none;
      CHECK(run_center_losses(models::losses_of_cells, input).numbers[1].isnan().item<bool>());
    }
    input = made_center_losses({1, 2, true, distance});
    input.targets.mask.fill_(1);
    input.logits[0][3][4][1] = none;
    CHECK(run_center_losses(models::losses_of_cells, input).numbers[0].isnan().item<bool>());
  }
}
