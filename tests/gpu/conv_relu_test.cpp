// Convolution, bias and ReLU on a GPU: the passes over maps have the CPU's bits, the whole is near to LibTorch's
// operators.
#include "models/conv_relu.hpp"

#include <ATen/autocast_mode.h>

#include <array>
#include <limits>

#include "gpu/gradients_on_gpu.hpp"
#include "models/padded_channels.hpp"
#include "support/support.hpp"

using namespace fastbox;
using namespace fastbox::test;

namespace {

using Sizes = std::vector<std::int64_t>;

constexpr const char* why = "there is no GPU here";
constexpr std::array<std::int64_t, 2> one = {1, 1};

at::Tensor random_maps(const Sizes& sizes, std::uint64_t seed, at::ScalarType type) {
  return at::randn(sizes, at::detail::createCPUGenerator(seed), at::TensorOptions(at::kFloat))
      .to(type)
      .contiguous(at::MemoryFormat::ChannelsLast);
}

const std::vector<Sizes>& maps() {
  static const std::vector<Sizes> all = {{1, 64, 3, 5},   {2, 16, 31, 17}, {3, 19, 8, 8},    {1, 8, 200, 300},
                                         {2, 2056, 2, 3}, {1, 1, 40, 7},   {2, 64, 384, 624}};
  return all;
}

/// Autocast to bf16, as run.precision: bf16 has it.
class Autocast {
 public:
  explicit Autocast(bool on) {
    at::autocast::set_autocast_enabled(at::kCUDA, on);
    at::autocast::set_autocast_dtype(at::kCUDA, at::kBFloat16);
  }
  ~Autocast() {
    at::autocast::set_autocast_enabled(at::kCUDA, false);
    at::autocast::clear_cache();
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;
};

/// Relative to the tensor's norm.
double distance(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor x = a.to(at::kDouble), y = b.to(at::kDouble);
  return ((x - y).norm() / y.norm().clamp_min(1e-30)).item<double>();
}

/// The result against LibTorch's operators, and the gradients against its operators on the same result: where the ReLU
/// is near to its edge, results that were rounded otherwise have other masks.
void compare(const Sizes& sizes, std::int64_t out, bool bf16, c10::Device gpu) {
  INFO(sizes[1] << " > " << out << (bf16 ? ", bf16" : ", fp32"));
  at::Tensor x = random_maps(sizes, 1, at::kFloat).to(gpu).requires_grad_(sizes[1] > 3);
  at::Tensor weight = (random_maps({out, sizes[1], 3, 3}, 2, at::kFloat) * 0.1).to(gpu).requires_grad_();
  at::Tensor bias = random_values(out, 3).to(gpu).requires_grad_();
  at::Tensor y, plain;
  {
    const Autocast rounded(bf16);
    y = models::conv_relu(x, weight, bias, one, one);
    plain = models::plain_conv_relu(x, weight, bias, one, one).detach();
  }
  const at::ScalarType type = bf16 ? at::kBFloat16 : at::kFloat;
  const double near = bf16 ? 0.01 : 1e-4;
  CHECK(y.scalar_type() == type);
  CHECK(y.is_contiguous(at::MemoryFormat::ChannelsLast));
  CHECK(distance(y, plain) < near);

  const at::Tensor gradient = random_maps(y.sizes().vec(), 4, type).to(gpu);
  y.backward(gradient);
  const at::Tensor masked = at::threshold_backward(gradient, y.detach(), 0);
  const auto [of_x, of_weight, none] = at::convolution_backward(
      masked, x.detach().to(type), weight.detach().to(type), at::OptionalIntArrayRef(), one, one, one,
      /*transposed=*/false, std::array<std::int64_t, 2>{0, 0}, /*groups=*/1, {true, true, false});
  CHECK(distance(weight.grad(), of_weight) < near);
  CHECK(distance(bias.grad(), masked.to(at::kDouble).sum({0, 2, 3})) < 1e-5);
  CHECK(x.grad().defined() == x.requires_grad());
  if (x.requires_grad()) CHECK(distance(x.grad(), of_x) < near);
}

}  // namespace

TEST_CASE("a GPU's mask and sums of a ReLU's gradient have the CPU's bits", "[conv_relu]") {
  const auto gpu = gpu_of_rank();
  SKIP_UNLESS(gpu, why);
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    for (const Sizes& sizes : maps()) {
      INFO(type << " " << sizes[1] << " channels of " << sizes[2] << " x " << sizes[3]);
      const at::Tensor gradient = random_maps(sizes, 1, type), y = at::relu(random_maps(sizes, 2, type));
      const auto here = models::relu_bias_backward(gradient, y);
      const auto there = models::relu_bias_backward(gradient.to(*gpu), y.to(*gpu));
      CHECK(at::equal(there.masked.cpu(), here.masked));
      CHECK(at::equal(there.bias.cpu(), here.bias));
      const auto reordered = models::relu_bias_backward(gradient.to(*gpu).contiguous(), y.to(*gpu));
      CHECK(at::equal(reordered.bias.cpu(), here.bias));
    }
  }
}

TEST_CASE("a GPU's bias and ReLU in place have the CPU's bits", "[conv_relu]") {
  const auto gpu = gpu_of_rank();
  SKIP_UNLESS(gpu, why);
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    for (const Sizes& sizes : maps()) {
      at::Tensor here = random_maps(sizes, 1, type);
      here[0][0][1][2] = std::numeric_limits<float>::quiet_NaN();
      at::Tensor there = here.to(*gpu);
      const at::Tensor bias = random_values(sizes[1], 2).to(type);
      models::add_bias_relu_(here, bias);
      models::add_bias_relu_(there, bias.to(*gpu));
      CHECK(at::allclose(there.cpu(), here, 0, 0, /*equal_nan=*/true));
    }
  }
}

TEST_CASE("on a GPU the one operator gives what LibTorch's three give", "[conv_relu]") {
  const auto gpu = gpu_of_rank();
  SKIP_UNLESS(gpu, why);
  const bool as_found = at::globalContext().benchmarkCuDNN();
  for (const bool benchmark : {false, true}) {
    at::globalContext().setBenchmarkCuDNN(benchmark);
    for (const bool bf16 : {false, true}) {
      for (int call = 0; call < 2; ++call) {  // the first tries out, the second knows
        compare({2, 3, 96, 160}, 64, bf16, *gpu);
        compare({2, 64, 48, 80}, 128, bf16, *gpu);
        compare({1, 8, 33, 21}, 16, bf16, *gpu);
        compare({1, 16, 17, 9}, 19, bf16, *gpu);
      }
    }
  }
  at::globalContext().setBenchmarkCuDNN(as_found);
}

TEST_CASE("on a GPU three channels and eight give the same, and one of the two is chosen", "[conv_relu]") {
  const auto gpu = gpu_of_rank();
  SKIP_UNLESS(gpu, why);
  const bool as_found = at::globalContext().benchmarkCuDNN();
  at::globalContext().setBenchmarkCuDNN(true);
  for (const bool bf16 : {false, true}) {
    const at::ScalarType type = bf16 ? at::kBFloat16 : at::kFloat;
    const at::Tensor x = random_maps({2, 3, 96, 160}, 1, type).to(*gpu);
    const at::Tensor weight = random_maps({64, 3, 3, 3}, 2, type).to(*gpu).requires_grad_();
    const models::ConvolutionOperands given{x, weight}, wide = models::padded(given);
    const at::Tensor gradient = random_maps({2, 64, 96, 160}, 3, type).to(*gpu);
    const auto results = [&](const models::ConvolutionOperands& operands) {
      const at::Tensor y = at::conv2d(operands.x, operands.weight, {}, one, one);
      weight.mutable_grad() = at::Tensor();
      y.backward(gradient);
      return std::array{y.detach(), weight.grad()};
    };
    const auto plain = results(given), padded = results(wide);
    const double near = bf16 ? 0.01 : 1e-4;
    CHECK(distance(padded[0], plain[0]) < near);
    CHECK(distance(padded[1], plain[1]) < near);
    const auto first = models::padded_where_it_pays(given, one, one);
    CHECK((first.x.size(1) == 3 || first.x.size(1) == models::full_channels));
    CHECK(first.x.size(1) == first.weight.size(1));
    CHECK(models::padded_where_it_pays(given, one, one).x.size(1) == first.x.size(1));  // kept
  }
  at::globalContext().setBenchmarkCuDNN(as_found);
}
