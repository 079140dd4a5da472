// bf16 arithmetic: near to fp32, of fp32 parameters and outputs, and gone with its guard.
#include "train/mixed_precision.hpp"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "models/center.hpp"
#include "models/fastbox.hpp"
#include "support/support.hpp"
#include "support/world.hpp"
#include "train/train_step.hpp"

using namespace fastbox;

namespace {

bool cpu_has_bf16() {
  return __builtin_cpu_supports("avx512bf16") != 0;
}

#define NEEDS_BF16 SKIP_UNLESS(cpu_has_bf16(), "this CPU has no bf16 instructions")

at::Tensor picture() {
  return (at::sin(at::arange(2 * 3 * 64 * 96).to(at::kFloat) * 0.01) + 1).mul(127).view({2, 3, 64, 96});
}

models::Targets targets_on(std::int64_t rows, std::int64_t columns) {
  const at::Tensor some = (at::arange(2 * rows * columns) % 7 == 0).to(at::kFloat).view({2, rows, columns});
  return {some.unsqueeze(-1), at::ones({2, rows, columns, 4}) * 20 * some.unsqueeze(-1),
          at::ones({2, rows, columns, 1}), some};
}

/// Relative to the tensor's largest value.
double distance(const at::Tensor& a, const at::Tensor& b) {
  return ((a - b).abs().max() / b.abs().max().clamp_min(1e-30)).item<double>();
}

/// One backward pass: the losses, and then the gradients by parameter.
std::vector<at::Tensor> pass(models::Network& model, bool bf16) {
  const auto targets = targets_on(64 / model.stride(), 96 / model.stride());
  std::vector<at::Tensor> terms;
  {
    const train::MixedPrecision arithmetic(bf16, at::kCPU);
    terms = model.losses(picture(), targets, {}, {}, 2);
  }
  at::stack(terms).sum().backward();
  std::vector<at::Tensor> numbers = {at::stack(terms).detach()};
  for (const auto& parameter : model.parameters()) {
    numbers.push_back(parameter.grad().clone());
    parameter.mutable_grad() = at::Tensor();
  }
  return numbers;
}

void compare(models::Network& model) {
  model.initialise(1);
  const auto exact = pass(model, false), rounded = pass(model, true), again = pass(model, false);
  CHECK(distance(rounded[0], exact[0]) < 0.03);
  CHECK(rounded[0].scalar_type() == at::kFloat);
  CHECK_FALSE(at::equal(rounded[0], exact[0]));
  double all = 0, apart = 0;
  for (std::size_t i = 1; i < exact.size(); ++i) {
    CHECK(rounded[i].scalar_type() == at::kFloat);
    CHECK(at::equal(again[i], exact[i]));  // nothing is left of the guard
    all += exact[i].square().sum().item<double>();
    apart += (rounded[i] - exact[i]).square().sum().item<double>();
  }
  CHECK(apart < 0.01 * all);
}

}  // namespace

TEST_CASE("the center decoder in bf16 is near to fp32", "[mixed_precision]") {
  NEEDS_BF16;
  models::CenterOptions options;
  options.cell = 4;
  models::Center model(options);
  compare(model);
}

TEST_CASE("FastBox in bf16 is near to fp32", "[mixed_precision]") {
  NEEDS_BF16;
  models::FastBoxOptions options;
  options.encoder = "small";
  options.gains = models::Gains::balanced();
  options.hidden = 64;
  options.dropout = 0;
  models::FastBox model(options);
  compare(model);
}

TEST_CASE("the trainer computes in bf16 when asked", "[mixed_precision]") {
  NEEDS_BF16;
  const auto loss_with = [](const std::string& precision) {
    models::CenterOptions options;
    models::Center model(options);
    model.initialise(1);
    config::Settings settings;
    settings.run.precision = precision;
    settings.train.batch = 2;
    settings.parallel.shards = "off";
    train::TrainStep step(model, test::world(), settings);
    return step.run(train::BatchTensors{picture(), targets_on(8, 12)}, {}, 2, 1e-3).loss();
  };
  const double exact = loss_with("fp32"), rounded = loss_with("bf16");
  CHECK(rounded != exact);
  CHECK(rounded == Approx(exact).epsilon(0.03));
}
