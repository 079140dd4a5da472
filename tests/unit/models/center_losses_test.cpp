// The center decoder's loss in one pass over the cells, against LibTorch's operators.
#include <ATen/Parallel.h>

#include <catch2/catch.hpp>

#include <limits>

#include "models/center.hpp"

#include "unit/models/center_loss_cases.hpp"
#include "unit/models/loss_cases.hpp"

using namespace fastbox;
using namespace fastbox::test;

namespace {

/// The network with its loss by LibTorch's operators.
class PlainLosses : public models::Center {
 public:
  using Center::Center;

  std::vector<at::Tensor> losses(const at::Tensor& rgb, const models::Targets& targets, const at::Tensor& dropout_seeds,
                                 const models::LossOptions& options, double global_images) override {
    const auto maps = outputs(rgb, dropout_seeds);
    const auto terms = models::plain_losses_of_cells(maps[0], maps[1], targets, options, global_images);
    return {terms.confidence, terms.box};
  }
};

models::CenterOptions small_center() {
  models::CenterOptions options;
  options.width_multiple = 0.25;
  options.hidden = 16;
  options.cell = 4;
  options.classes = 2;
  return options;
}

/// Of 12 steps of plain gradient descent on noise.
template <typename Network>
std::vector<double> loss_curve(const models::LossOptions& options) {
  Network network(small_center());
  network.initialise(1);
  std::vector<double> curve;
  for (std::uint64_t step = 0; step < 12; ++step) {
    auto generator = models::seeded_generator(step % 4);
    const auto uniform = [&](at::IntArrayRef sizes) { return at::empty(sizes).uniform_(0, 1, generator); };
    const at::Tensor rgb = (uniform({2, 3, 64, 96}) * 255).contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor has_box = (uniform({2, 16, 24, 1}) < 0.1).to(at::kFloat);
    models::Targets targets;
    targets.confidence = at::maximum(uniform({2, 16, 24, 2}).pow(3), has_box);
    targets.box = at::cat({uniform({2, 16, 24, 2}) * 4 - 2, uniform({2, 16, 24, 2}) * 40 + 5}, -1) * has_box;
    targets.mask = at::ones({2, 16, 24, 2});
    targets.weight = has_box.squeeze(-1);
    const auto terms = network.losses(rgb, targets, {}, options, 2);
    const at::Tensor loss = terms[0] + terms[1];
    curve.push_back(loss.template item<double>());
    loss.backward();
    const at::NoGradGuard no_gradient;
    for (at::Tensor& parameter : network.parameters()) {
      if (!parameter.grad().defined()) continue;
      parameter.add_(parameter.grad(), -3e-3);
      parameter.mutable_grad() = at::Tensor();
    }
  }
  return curve;
}

}  // namespace

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

TEST_CASE("a network's losses fall as they do by LibTorch's operators, to 1e-5", "[center_losses]") {
  for (const bool other_losses : {false, true}) {
    models::LossOptions options;
    options.score_is_overlap = options.box_by_distance = other_losses;
    const auto ours = loss_curve<models::Center>(options), plain = loss_curve<PlainLosses>(options);
    for (std::size_t i = 0; i < plain.size(); ++i) {
      CAPTURE(other_losses, i);
      CHECK(ours[i] == Approx(plain[i]).epsilon(1e-5));
    }
    CHECK(plain.back() < 0.97 * plain[3]);  // of the same images
  }
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
