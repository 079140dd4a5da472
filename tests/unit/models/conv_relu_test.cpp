// Convolution, bias and ReLU as one operator against LibTorch's three, and what the GPU's code of it is made of, on a
// CPU.
#include "models/conv_relu.hpp"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>

#include <catch2/catch.hpp>

#include <array>
#include <limits>
#include <vector>

#include "models/conv_relu_kernel.hpp"
#include "models/layers.hpp"
#include "models/padded_channels.hpp"

using namespace fastbox;

namespace {

using Sizes = std::vector<std::int64_t>;

constexpr std::array<std::int64_t, 2> one = {1, 1};

at::Tensor random(const Sizes& sizes, std::uint64_t seed, at::ScalarType type = at::kFloat) {
  auto generator = models::seeded_generator(seed);
  const at::Tensor values = at::empty(sizes).normal_(0, 1, generator).to(type);
  return sizes.size() == 4 ? values.contiguous(at::MemoryFormat::ChannelsLast) : values;
}

/// Autocast to bf16, as run.precision: bf16 has it.
class Autocast {
 public:
  explicit Autocast(bool on) : on_(on) {
    if (!on_) return;
    at::autocast::set_autocast_enabled(at::kCPU, true);
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
    at::autocast::increment_nesting();
  }
  ~Autocast() {
    if (!on_) return;
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(at::kCPU, false);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  bool on_;
};

struct Layer {
  Sizes x;  ///< images x channels x height x width
  std::int64_t out = 0;
  at::ScalarType type = at::kFloat;
  bool x_learns = true, weight_learns = true, bias_learns = true;
  bool autocast = false;
  std::int64_t stride = 1;
};

struct Results {
  at::Tensor y, x, weight, bias;  ///< the result, and gradients
};

template <typename Operator>
Results run(const Operator& operate, const Layer& layer) {
  at::Tensor x = random(layer.x, 1, layer.type).requires_grad_(layer.x_learns);
  at::Tensor weight = random({layer.out, layer.x[1], 3, 3}, 2, layer.type).requires_grad_(layer.weight_learns);
  at::Tensor bias = random({layer.out}, 3, layer.type).requires_grad_(layer.bias_learns);
  at::Tensor y;
  {
    const Autocast rounded(layer.autocast);
    y = operate(x, weight, bias, std::array<std::int64_t, 2>{layer.stride, layer.stride}, one);
  }
  const auto sizes = y.sizes().vec();
  if (y.requires_grad()) y.backward(random(sizes, 4).to(y.scalar_type()));
  return {y.detach(), x.grad(), weight.grad(), bias.grad()};
}

bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  if (!a.defined() || !b.defined()) return a.defined() == b.defined();
  return a.sizes() == b.sizes() && a.scalar_type() == b.scalar_type() && at::allclose(a, b, 0, 0, /*equal_nan=*/true);
}

/// On a CPU both call the same code of oneDNN.
void compare(const Layer& layer) {
  INFO(layer.x[1] << " > " << layer.out << " of " << layer.x[2] << " x " << layer.x[3] << ", " << layer.type
                  << (layer.autocast ? ", autocast" : ""));
  const Results ours = run(models::conv_relu, layer), theirs = run(models::plain_conv_relu, layer);
  CHECK(same_bits(ours.y, theirs.y));
  CHECK(same_bits(ours.x, theirs.x));
  CHECK(same_bits(ours.weight, theirs.weight));
  CHECK(same_bits(ours.bias, theirs.bias));
  CHECK(ours.y.suggest_memory_format() == theirs.y.suggest_memory_format());
}

}  // namespace

TEST_CASE("values and gradients are LibTorch's", "[conv_relu]") {
  for (const bool autocast : {false, true}) {
    compare({{1, 3, 9, 7}, 64, at::kFloat, true, true, true, autocast});
    compare({{2, 8, 12, 20}, 16, at::kFloat, true, true, true, autocast});
    compare({{1, 16, 33, 5}, 19, at::kFloat, true, true, true, autocast});
    compare({{2, 8, 11, 9}, 24, at::kFloat, true, true, true, autocast, 2});
  }
}

TEST_CASE("what is frozen has no gradient, nor does an image", "[conv_relu]") {
  const Sizes maps = {2, 8, 12, 20};
  for (const bool autocast : {false, true}) {
    compare({{1, 3, 16, 24}, 64, at::kFloat, false, true, true, autocast});
    compare({maps, 16, at::kFloat, true, false, false, autocast});
    compare({maps, 16, at::kFloat, true, false, true, autocast});
    compare({maps, 16, at::kFloat, true, true, false, autocast});
    compare({maps, 16, at::kFloat, false, false, false, autocast});
  }
}

TEST_CASE("other types and orders are convolved all the same", "[conv_relu]") {
  compare({{1, 8, 6, 10}, 16, at::kDouble});
  const at::Tensor x = random({1, 8, 6, 10}, 1).contiguous();
  const at::Tensor weight = random({16, 8, 3, 3}, 2).contiguous(), bias = random({16}, 3);
  CHECK(same_bits(models::conv_relu(x, weight, bias, one, one), models::plain_conv_relu(x, weight, bias, one, one)));
}

TEST_CASE("without gradients none is prepared for, and only those asked for are computed", "[conv_relu]") {
  at::Tensor x = random({1, 8, 6, 10}, 1).requires_grad_(), weight = random({16, 8, 3, 3}, 2).requires_grad_();
  const at::Tensor bias = random({16}, 3);
  {
    const at::NoGradGuard no_gradient;
    CHECK_FALSE(models::conv_relu(x, weight, bias, one, one).requires_grad());
  }
  const at::Tensor y = models::conv_relu(x, weight, bias, one, one);
  y.sum().backward({}, std::nullopt, false, std::vector<at::Tensor>{x});
  CHECK(x.grad().defined());
  CHECK_FALSE(weight.grad().defined());
}

TEST_CASE("channels padded to eight change nothing but the order of sums", "[conv_relu]") {
  const auto padded_too = [](const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                             at::IntArrayRef stride, at::IntArrayRef padding) {
    const auto [wide, kernel] = models::padded({x, weight});
    CHECK(wide.size(1) == models::full_channels);
    CHECK(kernel.size(1) == models::full_channels);
    CHECK(wide.is_contiguous(at::MemoryFormat::ChannelsLast));
    CHECK(kernel.is_contiguous(at::MemoryFormat::ChannelsLast));
    return models::plain_conv_relu(wide, kernel, bias, stride, padding);
  };
  for (const std::int64_t channels : {1, 3, 7}) {
    // In double precision no ReLU tips over the rounding.
    const Layer layer{{2, channels, 17, 23}, 16, at::kDouble};
    const Results wide = run(padded_too, layer), plain = run(models::plain_conv_relu, layer);
    const auto near = [](const at::Tensor& a, const at::Tensor& b) {
      return a.sizes() == b.sizes() && at::allclose(a, b, 1e-12, 1e-12);
    };
    CHECK(near(wide.y, plain.y));
    CHECK(near(wide.x, plain.x));
    CHECK(near(wide.weight, plain.weight));
    CHECK(near(wide.bias, plain.bias));
  }
}

TEST_CASE("a CPU's convolutions are not padded", "[conv_relu]") {
  const models::ConvolutionOperands given{random({1, 3, 8, 8}, 1), random({16, 3, 3, 3}, 2)};
  const auto [x, weight] = models::padded_where_it_pays(given, one, one);
  CHECK(x.is_same(given.x));
  CHECK(weight.is_same(given.weight));
}

TEST_CASE("a ReLU's mask and the bias's gradient come of one pass", "[conv_relu]") {
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    for (const Sizes& sizes : std::vector<Sizes>{
             {1, 64, 3, 5}, {2, 16, 31, 17}, {3, 19, 8, 8}, {1, 8, 200, 300}, {2, 2056, 2, 3}, {1, 1, 40, 7}}) {
      INFO(type << " " << sizes[1] << " channels");
      const at::Tensor gradient = random(sizes, 1, type), y = at::relu(random(sizes, 2, type));
      const auto ours = models::relu_bias_backward(gradient, y);
      CHECK(same_bits(ours.masked, at::threshold_backward(gradient, y, 0)));
      const at::Tensor sum = ours.masked.to(at::kDouble).sum({0, 2, 3});
      const at::Tensor size = ours.masked.to(at::kDouble).abs().sum({0, 2, 3});
      CHECK(ours.bias.scalar_type() == at::kFloat);
      CHECK(((ours.bias.to(at::kDouble) - sum).abs() <= 1e-6 * size).all().item<bool>());
      CHECK(at::equal(models::relu_bias_backward(gradient, y).bias, ours.bias));
    }
  }
}

TEST_CASE("a gradient in another order is masked all the same", "[conv_relu]") {
  const at::Tensor gradient = random({2, 16, 5, 6}, 1), y = at::relu(random({2, 16, 5, 6}, 2));
  const auto ours = models::relu_bias_backward(gradient.contiguous(), y);
  CHECK(same_bits(ours.masked, at::threshold_backward(gradient, y, 0)));
  const auto spread = models::relu_bias_backward(at::ones({1, 1, 1, 1}).expand({2, 16, 5, 6}), y);
  CHECK(at::equal(spread.bias, (y > 0).sum({0, 2, 3}).to(at::kFloat)));
}

TEST_CASE("a bias and a ReLU in place are LibTorch's, and a NaN stays one", "[conv_relu]") {
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    at::Tensor y = random({2, 19, 7, 9}, 1, type);
    y[1][4][2][3] = std::numeric_limits<float>::quiet_NaN();
    const at::Tensor bias = random({19}, 2, type);
    const at::Tensor theirs = at::relu(y + bias.view({1, 19, 1, 1}));
    models::add_bias_relu_(y, bias);
    CHECK(same_bits(y, theirs));
    CHECK(y[1][4][2][3].isnan().item<bool>());
  }
}

TEST_CASE("every pixel and channel is one thread's", "[conv_relu]") {
  for (const std::int64_t pixels : {1, 63, 64, 4096, 479232, 8 * 479232 + 5}) {
    for (const std::int64_t channels : {1, 8, 19, 24, 64, 512, 2056, 8192}) {
      const auto width = models::vector_width<at::BFloat16>(channels);
      const auto shares = models::share_out(pixels, channels, width);
      INFO(pixels << " pixels of " << channels << " channels");
      CHECK(channels % width == 0);
      CHECK(shares.stretches <= models::most_stretches);
      CHECK(shares.vectors * shares.lanes <= models::threads_of_maps);
      CHECK(shares.tiles * shares.vectors * width >= channels);
      CHECK((shares.tiles - 1) * shares.vectors * width < channels);
      CHECK((shares.stretches - 1) * shares.stretch < pixels);
      CHECK(models::end_of_stretch(shares, shares.stretches - 1) == pixels);
    }
  }
}
