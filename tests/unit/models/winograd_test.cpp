// Winograd's convolutions against at::conv2d in fp64: values, gradients, bits that depend on nothing but the sizes, and
// a training run that stays the direct convolution's.
#include "models/winograd.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>

#include <array>
#include <catch2/catch.hpp>
#include <limits>
#include <vector>

#include "models/fastbox.hpp"
#include "models/layers.hpp"

using namespace fastbox;

namespace {

constexpr auto channels_last = at::MemoryFormat::ChannelsLast;

struct Sizes {
  std::int64_t images, in, out, height, width;
};

std::ostream& operator<<(std::ostream& stream, const Sizes& s) {
  return stream << s.images << " x " << s.in << " -> " << s.out << " channels, " << s.height << " x " << s.width;
}

at::Tensor normal(at::IntArrayRef sizes, std::uint64_t seed, double deviation = 1) {
  auto generator = models::seeded_generator(seed);
  const at::Tensor drawn = at::empty(sizes).normal_(0, deviation, generator);
  return drawn.dim() == 4 ? drawn.contiguous(channels_last) : drawn;
}

struct Operands {
  explicit Operands(const Sizes& s)
      : x(normal({s.images, s.in, s.height, s.width}, 1).relu_()),
        weight(normal({s.out, s.in, 3, 3}, 2, std::sqrt(2.0 / (9.0 * static_cast<double>(s.in))))),
        bias(normal({s.out}, 3, 0.1)),
        gradient(normal({s.images, s.out, s.height, s.width}, 4)) {}

  at::Tensor x, weight, bias, gradient;
};

struct Results {
  at::Tensor y, x, weight, bias;  ///< the result and its gradients
};

at::Tensor leaf(const at::Tensor& tensor) {
  return tensor.detach().clone(at::MemoryFormat::Preserve).requires_grad_();
}

template <typename Convolve>
Results run(const Operands& operands, const Convolve& convolve) {
  const at::Tensor x = leaf(operands.x), weight = leaf(operands.weight), bias = leaf(operands.bias);
  const at::Tensor y = convolve(x, weight, bias);
  y.backward(operands.gradient.to(y.scalar_type()));
  return {y.detach(), x.grad(), weight.grad(), bias.grad()};
}

Results ours(const Operands& operands, bool activate) {
  return run(operands, [&](const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
    return models::winograd_convolution(x, weight, bias, activate);
  });
}

at::Tensor direct(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return at::conv2d(x, weight, bias, {1, 1}, {1, 1});
}

/// In fp64. `passes`: where the ReLU lets through, so that a value next to 0 is on the same side in both.
Results exact(const Operands& operands, const at::Tensor& passes) {
  Operands wide = operands;
  for (at::Tensor* one : {&wide.x, &wide.weight, &wide.bias, &wide.gradient}) *one = one->to(at::kDouble);
  return run(wide, [&](const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
    const at::Tensor y = direct(x, weight, bias);
    return passes.defined() ? y * passes : y;
  });
}

/// The norm of the difference over the exact one's.
double error(const at::Tensor& found, const at::Tensor& wanted) {
  CHECK(found.sizes() == wanted.sizes());
  return (found.to(at::kDouble) - wanted).norm().item<double>() / wanted.norm().item<double>();
}

bool same_bits(const Results& a, const Results& b) {
  return at::equal(a.y, b.y) && at::equal(a.x, b.x) && at::equal(a.weight, b.weight) && at::equal(a.bias, b.bias);
}

class Threads {
 public:
  explicit Threads(int count) : before_(at::get_num_threads()) { at::set_num_threads(count); }
  ~Threads() { at::set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

}  // namespace

TEST_CASE("values and gradients are those of the direct convolution", "[winograd]") {
  const auto sizes = GENERATE(Sizes{1, 8, 8, 4, 4}, Sizes{1, 8, 16, 1, 1}, Sizes{1, 16, 8, 3, 2},
                              Sizes{3, 24, 40, 13, 6}, Sizes{1, 64, 64, 48, 156}, Sizes{2, 72, 136, 9, 31},
                              Sizes{1, 256, 128, 24, 78}, Sizes{1, 512, 512, 12, 39});
  const bool activate = GENERATE(false, true);
  INFO(sizes << (activate ? " with ReLU" : ""));
  const Operands operands(sizes);
  const Results found = ours(operands, activate);
  const Results wanted = exact(operands, activate ? (found.y > 0).to(at::kDouble) : at::Tensor());
  constexpr double most = 5e-6;
  CHECK(error(found.y, wanted.y) < most);
  CHECK(error(found.x, wanted.x) < most);
  CHECK(error(found.weight, wanted.weight) < most);
  CHECK(error(found.bias, wanted.bias) < most);
}

TEST_CASE("rounding errors are a few times the direct convolution's", "[winograd]") {
  const Sizes sizes = GENERATE(Sizes{1, 64, 64, 96, 156}, Sizes{1, 512, 512, 12, 39});
  INFO(sizes);
  const Operands operands(sizes);
  const Results found = ours(operands, false), wanted = exact(operands, {}), theirs = run(operands, direct);
  CHECK(error(found.y, wanted.y) < 4 * error(theirs.y, wanted.y));
  CHECK(error(found.x, wanted.x) < 4 * error(theirs.x, wanted.x));
  CHECK(error(found.weight, wanted.weight) < 6 * error(theirs.weight, wanted.weight));
}

TEST_CASE("an image's bits depend neither on the batch nor on the threads", "[winograd]") {
  const Sizes sizes{3, 48, 40, 42, 67};
  const Operands operands(sizes);
  const Results whole = ours(operands, true);
  for (const int count : {1, 2, 3}) {
    const Threads threads(count);
    CHECK(same_bits(ours(operands, true), whole));
  }
  Results parts;
  for (std::int64_t image = 0; image < sizes.images; ++image) {
    Operands one = operands;
    one.x = operands.x.narrow(0, image, 1), one.gradient = operands.gradient.narrow(0, image, 1);
    const Results found = ours(one, true);
    CHECK(at::equal(found.y, whole.y.narrow(0, image, 1)));
    CHECK(at::equal(found.x, whole.x.narrow(0, image, 1)));
    parts.weight = image == 0 ? found.weight : parts.weight + found.weight;
    parts.bias = image == 0 ? found.bias : parts.bias + found.bias;
  }
  CHECK(at::equal(parts.weight, whole.weight));
  CHECK(at::equal(parts.bias, whole.bias));
}

TEST_CASE("only the gradients that are asked for are made", "[winograd]") {
  const Operands operands({1, 16, 24, 10, 11});
  const Results all = ours(operands, true);
  const auto asked = [&](bool for_x, bool for_weight, bool for_bias) {
    const at::Tensor x = leaf(operands.x).requires_grad_(for_x),
                     weight = leaf(operands.weight).requires_grad_(for_weight),
                     bias = leaf(operands.bias).requires_grad_(for_bias);
    models::winograd_convolution(x, weight, bias, true).backward(operands.gradient);
    return Results{{}, x.grad(), weight.grad(), bias.grad()};
  };
  const Results first_layer = asked(false, true, true), frozen = asked(true, false, false),
                bias = asked(false, false, true);
  CHECK_FALSE(first_layer.x.defined());
  CHECK(at::equal(first_layer.weight, all.weight));
  CHECK(at::equal(first_layer.bias, all.bias));
  CHECK(at::equal(frozen.x, all.x));
  CHECK_FALSE(frozen.weight.defined());
  CHECK_FALSE(frozen.bias.defined());
  CHECK_FALSE(bias.weight.defined());
  CHECK(at::equal(bias.bias, all.bias));
}

TEST_CASE("a convolution needs no bias and no gradients", "[winograd]") {
  const Operands operands({1, 16, 24, 10, 11});
  const at::Tensor x = leaf(operands.x), weight = leaf(operands.weight);
  const at::Tensor y = models::winograd_convolution(x, weight, {}, false);
  y.backward(operands.gradient);
  const Results with = ours(operands, false);
  CHECK(at::equal(x.grad(), with.x));
  CHECK(at::equal(weight.grad(), with.weight));
  const at::NoGradGuard no_gradient;
  CHECK(at::equal(models::winograd_convolution(operands.x, operands.weight, {}, false), y));
  CHECK(at::equal(models::winograd_convolution(operands.x, operands.weight, operands.bias, false), with.y));
}

TEST_CASE("a gradient of any layout is taken, and a NaN is not hidden by the ReLU", "[winograd]") {
  Operands operands({1, 16, 8, 12, 12});
  const Results usual = ours(operands, true);
  operands.gradient = operands.gradient.contiguous(at::MemoryFormat::Contiguous);
  CHECK(same_bits(ours(operands, true), usual));
  operands.x[0][3][5][5] = std::numeric_limits<float>::quiet_NaN();
  CHECK(ours(operands, true).y[0].select(1, 5).select(1, 5).isnan().all().item<bool>());
}

TEST_CASE("what suits Winograd's algorithm follows from type, layout and sizes", "[winograd]") {
  const at::Tensor x = normal({1, 64, 48, 156}, 1), weight = normal({64, 64, 3, 3}, 2);
  CHECK(models::suits_winograd(x, weight));
  CHECK(models::suits_winograd(x.expand({1, -1, -1, -1}), weight));
  CHECK_FALSE(models::suits_winograd(normal({1, 3, 48, 156}, 1), normal({64, 3, 3, 3}, 2)));
  CHECK_FALSE(models::suits_winograd(x, normal({64, 64, 1, 1}, 2)));
  CHECK_FALSE(models::suits_winograd(normal({1, 64, 8, 8}, 1), weight));
  CHECK_FALSE(models::suits_winograd(x.to(at::kDouble), weight.to(at::kDouble)));
  CHECK_FALSE(models::suits_winograd(x.contiguous(at::MemoryFormat::Contiguous), weight));
  at::autocast::set_autocast_enabled(at::kCPU, true);
  CHECK_FALSE(models::suits_winograd(x, weight));
  at::autocast::set_autocast_enabled(at::kCPU, false);
}

namespace {

/// The losses of ten steps of gradient descent on random images.
std::vector<double> losses(const models::FastBoxOptions& options, double rate, bool winograd) {
  models::FastBox model(options);
  model.initialise(1);
  if (winograd) model.use_winograd();
  constexpr std::int64_t images = 2, height = 192, width = 320, rows = height / 32, columns = width / 32;
  const at::Tensor rgb = (normal({images, 3, height, width}, 5, 60) + 120).clamp(0, 255);
  const at::Tensor confidence = (normal({images, rows, columns}, 6) > 1).to(at::kFloat);
  const models::Targets targets{confidence.unsqueeze(-1),
                                normal({images, rows, columns, 4}, 7, 20).contiguous() * confidence.unsqueeze(-1),
                                at::ones({images, rows, columns, 1}), confidence};
  models::LossOptions options_of_loss;
  options_of_loss.weight_decay = 0;  // it would hide what the images say
  std::vector<double> curve;
  for (int step = 0; step < 10; ++step) {
    at::Tensor loss = at::zeros({});
    for (const at::Tensor& term : model.losses(rgb, targets, {}, options_of_loss, images)) loss = loss + term;
    curve.push_back(loss.item<double>());
    loss.backward();
    const at::NoGradGuard no_gradient;
    for (const auto& [name, parameter] : model.parameters_in_forward_order()) {
      parameter.sub_(parameter.grad(), rate);
      parameter.mutable_grad().reset();
    }
  }
  return curve;
}

}  // namespace

TEST_CASE("ten training steps have the losses of the direct convolution", "[winograd]") {
  models::FastBoxOptions options;
  options.encoder = GENERATE("small", "vgg16");
  options.width_multiple = options.encoder == "small" ? 1 : 0.25;
  options.hidden = 32;
  options.gains = models::Gains::balanced();
  INFO(options.encoder);
  const double rate = options.encoder == "small" ? 1e-2 : 1e-4;
  const auto direct_curve = losses(options, rate, false), curve = losses(options, rate, true);
  CHECK(curve.back() < 0.99 * curve.front());
  CHECK(curve != direct_curve);  // it is another arithmetic
  for (std::size_t i = 0; i < curve.size(); ++i) {
    INFO("step " << i);
    CHECK(curve[i] == Approx(direct_curve[i]).epsilon(1e-5));
  }
}
