// One cell, worked out by hand from the reference's table.
#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include <cmath>

#include "models/loss.hpp"

using namespace fastbox;

namespace {

at::Tensor cell(std::vector<double> values) {
  const auto n = static_cast<std::int64_t>(values.size());
  return at::tensor(values, at::kDouble).view({1, 1, 1, n});
}

struct OneCell {
  double confidence = 1, mask = 1;
  std::vector<double> target = {10, 4, 40, 20}, box = {12, 4, 35, 21}, delta = {-1, 0, 2, -30};

  models::Losses losses() const {
    const models::Output out{cell({0, std::log(3.0)}), cell(box), cell({std::log(4.0), 0}), cell(delta)};
    const at::Tensor positive = cell({confidence});
    return models::losses(out, {positive, cell(target), cell({mask}), positive.squeeze(-1)}, {}, {}, 1);
  }
};

double value(const at::Tensor& t) {
  return t.item<double>();
}

}  // namespace

TEST_CASE("a positive cell whose first prediction is near", "[loss]") {
  const auto terms = OneCell{}.losses();
  CHECK(value(terms.confidence) == Approx(-std::log(0.75)));
  CHECK(value(terms.box) == Approx(0.1 * (2 + 0 + 5 + 1)));
  // Inside: (2 / 40)^2 < .04, so the truth of the second confidence is 1, which it gives 1 / 5.
  CHECK(value(terms.delta_confidence) == Approx(-0.1 * std::log(0.2)));
  // Residuals less delta: -1, 0, 3, 29, the last clipped at 10.
  CHECK(value(terms.delta_box) == Approx(0.003 * (1 + 0 + 9 + 100)));
}

TEST_CASE("a prediction a fifth of the size away is outside", "[loss]") {
  OneCell far;
  far.box[0] = 10 + 8;  // (8 / 40)^2 = .04, not below it
  CHECK(value(far.losses().delta_confidence) == Approx(-0.1 * std::log(0.8)));
  OneCell tiny;
  tiny.target = {0, 0, 0.5, 0.5};  // max(t, 1): compared as if one pixel wide
  tiny.box = {0.15, 0, 0, 0};
  CHECK(value(tiny.losses().delta_confidence) == Approx(-0.1 * std::log(0.2)));
  tiny.box = {0.25, 0, 0, 0};
  CHECK(value(tiny.losses().delta_confidence) == Approx(-0.1 * std::log(0.8)));
}

TEST_CASE("the mask silences the confidences alone, and a negative cell has no box", "[loss]") {
  OneCell masked;
  masked.mask = 0;
  CHECK(value(masked.losses().confidence) == 0);
  CHECK(value(masked.losses().delta_confidence) == 0);
  CHECK(value(masked.losses().box) == Approx(0.8));
  OneCell negative;
  negative.confidence = 0;
  CHECK(value(negative.losses().box) == 0);
  CHECK(value(negative.losses().delta_box) == 0);
  CHECK(value(negative.losses().confidence) == Approx(-std::log(0.25)));
}

TEST_CASE("weight decay is over the kernels, shared out by images", "[loss]") {
  const models::Output out{cell({0, 0}), cell({0, 0, 0, 0}), cell({0, 0}), cell({0, 0, 0, 0})};
  const at::Tensor zero = cell({0});
  const models::Targets targets{zero, cell({0, 0, 0, 0}), zero, zero.squeeze(-1)};
  const auto terms = models::losses(out, targets, {at::full({2, 1, 1, 1}, 3, at::kDouble)}, {}, 4);
  CHECK(value(terms.weight_decay) == Approx(5e-4 * 0.5 * 18 / 4));
}

TEST_CASE("several classes share a softmax with the background", "[loss]") {
  const at::Tensor truth = cell({0, 1}), box = cell({0, 0, 10, 10}), one = at::ones({1, 1, 1}, at::kDouble);
  const models::Output out{cell({0, std::log(2.0), std::log(5.0)}), box, cell({0, 0, 0}), cell({0, 0, 0, 0})};
  const auto terms = models::losses(out, {truth, box, cell({1, 1}), one}, {}, {}, 1);
  CHECK(value(terms.confidence) == Approx(-std::log(5.0 / 8)));
  CHECK(value(terms.delta_confidence) == Approx(-0.1 * std::log(1.0 / 3)));
  // A cell that one class does not judge is judged by none.
  CHECK(value(models::losses(out, {truth, box, cell({1, 0}), one}, {}, {}, 1).confidence) == 0);
}
