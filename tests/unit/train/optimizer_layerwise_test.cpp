// LARS and LAMB against a published implementation's numbers, against the formulas written plainly, and against torch's
// own kernels, which are what a GPU runs.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <catch2/catch.hpp>

#include <cmath>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "support/support.hpp"
#include "train/layerwise_step.hpp"
#include "train/optimizer.hpp"

using namespace fastbox;

namespace {

using Numbers = std::vector<double>;

config::OptimizerSettings settings_of(const std::string& name, double weight_decay) {
  config::OptimizerSettings settings;
  settings.name = name;
  settings.clip_norm = 0;
  settings.weight_decay = weight_decay;
  settings.trust = 0.01;
  return settings;
}

double norm(const Numbers& x) {
  double sum = 0;
  for (const double value : x) sum += value * value;
  return std::sqrt(sum);
}

/// One layer, stepped as the papers write it.
struct PlainLayer {
  Numbers w, m, v;
  bool is_matrix;

  PlainLayer(Numbers weights, bool matrix)
      : w(std::move(weights)), m(w.size(), 0.0), v(w.size(), 0.0), is_matrix(matrix) {}

  void lars(const config::OptimizerSettings& s, const Numbers& g, double rate) {
    const double decay = is_matrix ? s.weight_decay : 0, weights = norm(w), gradient = norm(g);
    double local = 1;
    if (is_matrix && weights > 0 && gradient > 0) local = s.trust * weights / (gradient + decay * weights);
    for (std::size_t i = 0; i < w.size(); ++i) {
      m[i] = s.momentum * m[i] + rate * local * (g[i] + decay * w[i]);
      w[i] -= m[i];
    }
  }

  void lamb(const config::OptimizerSettings& s, const Numbers& g, double rate, int t) {
    Numbers u(w.size());
    for (std::size_t i = 0; i < w.size(); ++i) {
      m[i] = s.beta1 * m[i] + (1 - s.beta1) * g[i];
      v[i] = s.beta2 * v[i] + (1 - s.beta2) * g[i] * g[i];
      const double mean = m[i] / (1 - std::pow(s.beta1, t)), square = v[i] / (1 - std::pow(s.beta2, t));
      u[i] = mean / (std::sqrt(square) + s.epsilon) + (is_matrix ? s.weight_decay * w[i] : 0);
    }
    const double weights = norm(w), update = norm(u);
    const double ratio = is_matrix && weights > 0 && update > 0 ? weights / update : 1;
    for (std::size_t i = 0; i < w.size(); ++i) w[i] -= rate * ratio * u[i];
  }
};

/// Layers of several sizes with gaps between them; of more than one chunk and less than one, and not whole chunks.
const std::vector<train::Layer> layers = {{0, 7, true},         {16, 3, false},      {32, 4096, true},
                                          {4128, 12'345, true}, {16'480, 64, false}, {16'544, 200'001, true}};
constexpr std::int64_t elements = 216'560;

Numbers random_numbers(std::uint64_t purpose, std::int64_t count) {
  Random random(11, Purpose::augmentation, purpose);
  Numbers values(static_cast<std::size_t>(count));
  for (double& value : values) value = random.uniform(-1, 1);
  return values;
}

/// Zero outside the layers, as an exchange leaves it.
at::Tensor random_flat(std::uint64_t purpose) {
  const at::Tensor flat = at::zeros({elements}, at::kDouble);
  for (std::size_t i = 0; i < layers.size(); ++i)
    flat.narrow(0, layers[i].offset, layers[i].count)
        .copy_(at::tensor(random_numbers(100 * purpose + i, layers[i].count), at::kDouble));
  return flat;
}

Numbers to_numbers(const at::Tensor& t) {
  const at::Tensor exact = t.to(at::kDouble).contiguous();
  return {exact.data_ptr<double>(), exact.data_ptr<double>() + exact.numel()};
}

/// The largest difference over all layers after five steps with changing rates, relative to the largest weight.
double difference_from_plain(const config::OptimizerSettings& settings, at::ScalarType type) {
  const at::Tensor flat = random_flat(1).to(type);
  train::Optimizer optimizer(settings, flat, layers);
  std::vector<PlainLayer> plain;
  for (const auto& layer : layers)
    plain.emplace_back(to_numbers(flat.narrow(0, layer.offset, layer.count)), layer.is_matrix);
  for (int t = 1; t <= 5; ++t) {
    const at::Tensor gradient = random_flat(static_cast<std::uint64_t>(1 + t)).to(type);
    const double gradient_norm = norm(to_numbers(gradient)), rate = 0.05 / t;
    const double clip = settings.clip_norm > 0 ? std::min(1.0, settings.clip_norm / gradient_norm) : 1;
    optimizer.step(gradient, gradient_norm, rate);
    for (std::size_t i = 0; i < layers.size(); ++i) {
      Numbers g = to_numbers(gradient.narrow(0, layers[i].offset, layers[i].count));
      for (double& value : g) value *= clip;
      settings.name == "lars" ? plain[i].lars(settings, g, rate) : plain[i].lamb(settings, g, rate, t);
    }
  }
  double largest = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const at::Tensor ours = flat.narrow(0, layers[i].offset, layers[i].count).to(at::kDouble);
    largest = std::max(largest, (ours - at::tensor(plain[i].w, at::kDouble)).abs().max().item<double>());
  }
  return largest;
}

/// Three steps of the example that the published numbers are for: a 2 x 3 matrix and a bias of 2, with a gap between.
at::Tensor published_example(const config::OptimizerSettings& settings, double rate) {
  const at::Tensor w = at::tensor(Numbers{0.5, -1.0, 0.25, 2.0, 0.0, -0.75, 7, 7, 0.1, -0.2}, at::kDouble);
  train::Optimizer optimizer(settings, w, {{0, 6, true}, {8, 2, false}});
  for (int t = 1; t <= 3; ++t) {
    Numbers g(10, 0.0);
    for (int i = 0; i < 6; ++i) g[static_cast<std::size_t>(i)] = std::sin(t + 0.7 * i);
    for (int i = 0; i < 2; ++i) g[static_cast<std::size_t>(8 + i)] = std::sin(t + 5 + 0.7 * i);
    optimizer.step(at::tensor(g, at::kDouble), norm(g), rate);
  }
  return w;
}

void check_close(const at::Tensor& found, const Numbers& expected) {
  INFO(found);
  CHECK((found - at::tensor(expected, at::kDouble)).abs().max().item<double>() < 1e-14);
}

}  // namespace

// timm 1.0.31 in float64: Lamb(lr=0.02, eps=1e-5, max_grad_norm=None or 0.5) and Lars(lr=2, momentum=0.9,
// trust_coeff=0.01, eps=0), both with weight_decay=0.1 for the matrix and 0 for the bias.
TEST_CASE("three steps give a published implementation's numbers", "[optimizer_layerwise]") {
  auto lamb = settings_of("lamb", 0.1);
  check_close(published_example(lamb, 0.02),
              {0.42986751848065402, -1.0430411546262728, 0.23081291539639623, 2.0079047199269207, 0.06915646948634839,
               -0.68467962249210101, 7, 7, 0.097360595865572302, -0.2579698943279643});
  lamb.clip_norm = 0.5;
  check_close(published_example(lamb, 0.02),
              {0.42977370761783018, -1.042234762222231, 0.22968812469439781, 2.0077986526299894, 0.0698324998124987,
               -0.6852666773352627, 7, 7, 0.098361518542568874, -0.25850241675445557});
  check_close(published_example(settings_of("lars", 0.1), 2),
              {0.39632119247183217, -1.0528681406408347, 0.24217819912597183, 2.0326056804673622, 0.095443894050288275,
               -0.65340120870465157, 7, 7, -2.8608335681399835, -7.4752643186389305});
}

TEST_CASE("LARS and LAMB are the papers' formulas layer by layer", "[optimizer_layerwise]") {
  for (const std::string name : {"lars", "lamb"}) {
    for (const double decay : {0.0, 0.1}) {
      for (const double clip : {0.0, 1.0}) {
        INFO(name << " with decay " << decay << " and clip " << clip);
        auto settings = settings_of(name, decay);
        settings.clip_norm = clip;
        CHECK(difference_from_plain(settings, at::kDouble) < 1e-13);
        CHECK(difference_from_plain(settings, at::kFloat) < 2e-6);
      }
    }
  }
}

TEST_CASE("a layer of zeros, or without a gradient, has a ratio of 1", "[optimizer_layerwise]") {
  const std::vector<train::Layer> two = {{0, 2, true}, {2, 2, true}};
  const auto after_one_step = [&](const std::string& name, double decay) {
    const at::Tensor w = at::tensor(Numbers{0, 0, 3, 4}, at::kDouble);
    const at::Tensor g = at::tensor(Numbers{2, -2, 0, 0}, at::kDouble);
    train::Optimizer(settings_of(name, decay), w, two).step(g, norm({2, 2}), 0.1);
    return w;
  };
  check_close(after_one_step("lars", 0), {-0.2, 0.2, 3, 4});
  check_close(after_one_step("lars", 0.5), {-0.2, 0.2, 3 * 0.95, 4 * 0.95});
  const double full = 0.1 * 2 / (2 + 1e-5);
  check_close(after_one_step("lamb", 0), {-full, full, 3, 4});
  // The second layer's direction is its decay alone, scaled up to the weights' own length.
  check_close(after_one_step("lamb", 0.5), {-full, full, 3 * 0.9, 4 * 0.9});
}

TEST_CASE("torch's kernels take the same steps as the fused passes", "[optimizer_layerwise]") {
  for (const double decay : {0.0, 0.1}) {
    const at::Tensor w = random_flat(1), m = at::zeros_like(w), v = at::zeros_like(w), u = at::empty_like(w);
    const at::Tensor w2 = w.clone(), m2 = m.clone(), v2 = v.clone(), u2 = at::empty_like(w);
    w.narrow(0, 0, 7).zero_(), w2.narrow(0, 0, 7).zero_();  // a ratio of 1
    SECTION("LAMB") {
      for (int t = 1; t <= 4; ++t) {
        const at::Tensor g = random_flat(static_cast<std::uint64_t>(1 + t));
        const train::LambFactors factors{0.05 / t, 0.9, 0.999, 1e-5, decay, 0.7, t};
        train::lamb_step(w, g, m, v, u, layers, factors);
        train::lamb_step_by_torch(w2, g, m2, v2, u2, layers, factors);
      }
      CHECK(at::allclose(v, v2, 1e-12, 1e-15));
    }
    SECTION("LARS") {
      for (int t = 1; t <= 4; ++t) {
        const at::Tensor g = random_flat(static_cast<std::uint64_t>(1 + t));
        const train::LarsFactors factors{0.05 / t, 0.9, 0.01, decay, 0.7};
        train::lars_step(w, g, m, layers, factors);
        train::lars_step_by_torch(w2, g, m2, layers, factors);
      }
    }
    CHECK(at::allclose(w, w2, 1e-12, 1e-14));
    CHECK(at::allclose(m, m2, 1e-12, 1e-15));
    CHECK_FALSE(at::allclose(w, random_flat(1), 1e-3, 1e-3));
  }
}

TEST_CASE("biases alone and no layers are stepped too", "[optimizer_layerwise]") {
  for (const std::string name : {"lars", "lamb"}) {
    const at::Tensor w = at::ones({3}, at::kDouble), m = at::zeros_like(w), v = at::zeros_like(w),
                     u = at::zeros_like(w);
    const at::Tensor g = at::ones({3}, at::kDouble);
    train::Optimizer(settings_of(name, 0.1), w, {{0, 1, false}}).step(g, 1, 0.5);
    CHECK(at::allclose(w, at::tensor(Numbers{0.5, 1, 1}, at::kDouble), 1e-4, 0));
    if (name == "lars") train::lars_step_by_torch(w, g, m, {{1, 1, false}}, {0.5, 0.9, 0.01, 0.1, 1});
    if (name == "lamb") train::lamb_step_by_torch(w, g, m, v, u, {{1, 1, false}}, {0.5, 0.9, 0.999, 1e-5, 0.1, 1, 1});
    CHECK(at::allclose(w, at::tensor(Numbers{0.5, 0.5, 1}, at::kDouble), 1e-4, 0));
  }
}

// In float64, where the last bit of a norm shows: a rate rounded to float32 would hide it.
TEST_CASE("any number of threads gives the same bits", "[optimizer_layerwise]") {
  const int threads = at::get_num_threads();
  for (const std::string name : {"lars", "lamb"}) {
    std::vector<at::Tensor> results;
    for (const int count : {1, 2, 3}) {
      at::set_num_threads(count);
      const at::Tensor w = random_flat(1);
      train::Optimizer optimizer(settings_of(name, 0.1), w, layers);
      for (std::uint64_t t = 2; t <= 4; ++t) optimizer.step(random_flat(t), 1, 0.05);
      results.push_back(w);
    }
    for (const auto& result : results) CHECK(at::equal(result, results[0]));
  }
  at::set_num_threads(threads);
}
