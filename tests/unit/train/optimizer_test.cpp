#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "support/support.hpp"
#include "train/adam_step.hpp"
#include "train/optimizer.hpp"

using namespace fastbox;

namespace {

at::Tensor numbers(std::vector<double> values) {
  return at::tensor(values, at::kDouble);
}

/// A step with this gradient's own norm.
void step(train::Optimizer& optimizer, std::vector<double> gradient, double learning_rate) {
  const at::Tensor g = numbers(std::move(gradient));
  optimizer.step(g, g.norm().item<double>(), learning_rate);
}

config::OptimizerSettings settings_of(const std::string& name) {
  config::OptimizerSettings settings;
  settings.name = name;
  settings.clip_norm = 0;
  return settings;
}

}  // namespace

TEST_CASE("one step of Adam in TensorFlow's form", "[optimizer]") {
  // m = .1 g, v = .001 g^2, so m / sqrt(v) is sqrt(10) sign(g) less what epsilon takes; rate' = rate sqrt(.001) / .1.
  const at::Tensor w = numbers({1, 1, 1});
  train::Optimizer optimizer(settings_of("adam"), w, {});
  step(optimizer, {2, -3, 0}, 0.01);
  const auto expected = [](double g) {
    return 1 - 0.01 * std::sqrt(1 - 0.999) / (1 - 0.9) * 0.1 * g / (std::sqrt(0.001 * g * g) + 1e-5);
  };
  CHECK(w[0].item<double>() == Approx(expected(2)).epsilon(1e-12));
  CHECK(w[1].item<double>() == Approx(expected(-3)).epsilon(1e-12));
  CHECK(w[2].item<double>() == 1);
}

TEST_CASE("AdamW is PyTorch's form, with decoupled decay of the matrices alone", "[optimizer]") {
  auto settings = settings_of("adamw");
  settings.weight_decay = 0.1;
  settings.epsilon = 1e-3;
  const at::Tensor w = numbers({1, 1});
  train::Optimizer optimizer(settings, w, {{0, 1, true}, {1, 1, false}});
  double m = 0, v = 0, decayed = 1, plain = 1;
  for (int t = 1; t <= 3; ++t) {
    const double g = 0.5 * t;
    step(optimizer, {g, g}, 0.01);
    m = 0.9 * m + 0.1 * g, v = 0.999 * v + 0.001 * g * g;
    const double change = 0.01 * (m / (1 - std::pow(0.9, t))) / (std::sqrt(v / (1 - std::pow(0.999, t))) + 1e-3);
    decayed = decayed * (1 - 0.01 * 0.1) - change, plain -= change;
  }
  CHECK(w[0].item<double>() == Approx(decayed).epsilon(1e-12));
  CHECK(w[1].item<double>() == Approx(plain).epsilon(1e-12));
}

TEST_CASE("SGD with momentum", "[optimizer]") {
  const at::Tensor w = numbers({0});
  train::Optimizer optimizer(settings_of("sgd"), w, {});
  step(optimizer, {1}, 0.1);
  step(optimizer, {1}, 0.1);
  CHECK(w[0].item<double>() == Approx(-0.1 - 0.1 * 1.9));
}

TEST_CASE("SGD decays the matrices alone, before the step", "[optimizer]") {
  auto settings = settings_of("sgd");
  settings.weight_decay = 0.5;
  const at::Tensor w = numbers({2, 2});
  train::Optimizer optimizer(settings, w, {{0, 1, true}, {1, 1, false}});
  step(optimizer, {1, 1}, 0.1);
  CHECK(w[0].item<double>() == Approx(2 * (1 - 0.1 * 0.5) - 0.1));
  CHECK(w[1].item<double>() == Approx(2 - 0.1));
}

TEST_CASE("the gradient is clipped by the global norm that the caller gives", "[optimizer]") {
  auto settings = settings_of("sgd");
  settings.clip_norm = 1;
  const at::Tensor w = numbers({0, 0});
  train::Optimizer optimizer(settings, w, {});
  optimizer.step(numbers({3, 4}), 5, 1);
  CHECK(w[0].item<double>() == Approx(-0.6));
  CHECK(w[1].item<double>() == Approx(-0.8));
  // A norm below the limit leaves the gradient as it is; what remains of the first step is its momentum.
  optimizer.step(numbers({0.3, 0}), 0.3, 1);
  CHECK(w[0].item<double>() == Approx(-0.6 - 0.9 * 0.6 - 0.3));
}

TEST_CASE("a clip to a norm is a gradient scaled by hand, with every optimiser", "[optimizer]") {
  for (const std::string name : {"adam", "adamw", "sgd", "lars", "lamb"}) {
    INFO(name);
    auto settings = settings_of(name);
    settings.weight_decay = 0.1;
    const std::vector<train::Layer> layers = {{0, 2, true}, {2, 1, false}};
    const at::Tensor by_hand = numbers({1, -2, 3}), clipped = numbers({1, -2, 3});
    train::Optimizer plain(settings, by_hand, layers);
    settings.clip_norm = 0.5;
    train::Optimizer clipping(settings, clipped, layers);
    for (int t = 1; t <= 3; ++t) {
      const at::Tensor g = numbers({2.0 * t, -1, 2});
      const double norm = g.norm().item<double>();
      plain.step(g * (0.5 / norm), 0.5, 0.01);
      clipping.step(g, norm, 0.01);
    }
    CHECK(at::allclose(by_hand, clipped, 1e-13, 0));
    CHECK_FALSE(at::equal(by_hand, numbers({1, -2, 3})));
  }
}

TEST_CASE("the moving average is what is evaluated", "[optimizer]") {
  auto settings = settings_of("sgd");
  settings.momentum = 0;
  settings.average = 0.9;
  const at::Tensor w = numbers({0});
  train::Optimizer optimizer(settings, w, {});
  double average = 0, weight = 0;
  for (int t = 1; t <= 5; ++t) {
    step(optimizer, {1}, 1);
    weight -= 1;
    const double decay = std::min(0.9, (1.0 + t) / (10.0 + t));
    average = decay * average + (1 - decay) * weight;
  }
  CHECK(optimizer.evaluated()[0].item<double>() == Approx(average));
  CHECK(w[0].item<double>() == Approx(-5));
  CHECK(optimizer.state().count("parameters") == 1);
  CHECK(test::caught([&] { train::Optimizer(settings_of("adma"), w, {}); }).mentions("unknown optimizer 'adma'"));
}

TEST_CASE("a layer outside the buffer is refused", "[optimizer]") {
  const auto refused = test::caught([] { train::Optimizer(settings_of("lamb"), numbers({1, 2}), {{1, 2, true}}); });
  CHECK(refused.code == ExitCode::defect);
  CHECK(refused.mentions("a layer of 2 elements from 1, expected within 2"));
}

TEST_CASE("the flat Adam is the same in float32 for any length", "[optimizer]") {
  for (const std::int64_t n : {1, 7, 100'003}) {
    at::Tensor w = at::ones({n}), m = at::zeros({n}), v = at::zeros({n});
    const at::Tensor g = at::arange(n).to(at::kFloat) - 3;
    train::adam_step(w, g, m, v, {0.01, 0.9, 0.999, 1e-5, 0.5});
    const at::Tensor gm = 0.1f * 0.5f * g, gv = (1 - 0.999) * (0.5 * g).square();
    CHECK(at::allclose(w, 1 - 0.01 * gm / (gv.sqrt() + 1e-5), 1e-5, 1e-6));
  }
}
