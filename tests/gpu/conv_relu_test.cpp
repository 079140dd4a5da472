// Convolution, bias and ReLU on a GPU: the passes over maps have the CPU's bits, the whole is near to LibTorch's
// operators.
#include "models/conv_relu.hpp"

#include <ATen/autocast_mode.h>

#include <array>
#include <limits>

#include "gpu/kernel_place.hpp"
#include "gpu/random_tensors.hpp"
#include "support/support.hpp"

using namespace fastbox;
using namespace fastbox::test;

namespace {

using Sizes = std::vector<std::int64_t>;

constexpr const char* why = "there is no GPU here";
constexpr std::array<std::int64_t, 2> one = {1, 1};

const std::vector<Sizes>& maps() {
  static const std::vector<Sizes> all = {{1, 64, 3, 5},   {2, 16, 31, 17}, {3, 19, 8, 8},    {1, 8, 200, 300},
                                         {2, 2056, 2, 3}, {1, 1, 40, 7},   {2, 64, 384, 624}};
  return all;
}

/// Autocast to bf16, as run.precision: bf16 has it.
class Autocast {
 public:
  Autocast(bool on, c10::Device device) : type_(device.type()) {
    at::autocast::set_autocast_enabled(type_, on);
    at::autocast::set_autocast_dtype(type_, at::kBFloat16);
  }
  ~Autocast() {
    at::autocast::set_autocast_enabled(type_, false);
    at::autocast::clear_cache();
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  c10::DeviceType type_;
};

/// The result against LibTorch's operators, and the gradients against its operators on the same result: where the ReLU
/// is near to its edge, results that were rounded otherwise have other masks.
void compare(const Sizes& sizes, std::int64_t out, bool bf16, const KernelPlace& gpu) {
  INFO(sizes[1] << " > " << out << (bf16 ? ", bf16" : ", fp32"));
  at::Tensor x = gpu.copy(random_maps(sizes, 1, at::kFloat)).requires_grad_(sizes[1] > 3);
  at::Tensor weight = gpu.copy(random_maps({out, sizes[1], 3, 3}, 2, at::kFloat) * 0.1).requires_grad_();
  at::Tensor bias = gpu.copy(random_values(out, 3)).requires_grad_();
  at::Tensor y, plain;
  {
    const Autocast rounded(bf16, gpu.device());
    y = gpu.run([&] { return models::conv_relu(x, weight, bias, one, one); });
    plain = models::plain_conv_relu(x, weight, bias, one, one).detach();
  }
  const at::ScalarType type = bf16 ? at::kBFloat16 : at::kFloat;
  const double near = bf16 ? 0.01 : 1e-4;
  CHECK(y.scalar_type() == type);
  CHECK(y.is_contiguous(at::MemoryFormat::ChannelsLast));
  CHECK(distance(y, plain) < near);

  const at::Tensor gradient = gpu.copy(random_maps(y.sizes().vec(), 4, type));
  gpu.run([&] { y.backward(gradient); });
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
  const auto gpu = KernelPlace::find();
  SKIP_UNLESS(gpu, no_gpu);
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    for (const Sizes& sizes : maps()) {
      INFO(type << " " << sizes[1] << " channels of " << sizes[2] << " x " << sizes[3]);
      const at::Tensor gradient = random_maps(sizes, 1, type), y = at::relu(random_maps(sizes, 2, type));
      const auto here = models::relu_bias_backward(gradient, y);
      const at::Tensor from = gpu->copy(gradient), given = gpu->copy(y), reordered = from.contiguous();
      const auto there = gpu->run([&] { return models::relu_bias_backward(from, given); });
      CHECK(at::equal(there.masked.cpu(), here.masked));
      CHECK(at::equal(there.bias.cpu(), here.bias));
      const auto again = gpu->run([&] { return models::relu_bias_backward(reordered, given); });
      CHECK(at::equal(again.bias.cpu(), here.bias));
    }
  }
}

TEST_CASE("a GPU's bias and ReLU in place have the CPU's bits", "[conv_relu]") {
  const auto gpu = KernelPlace::find();
  SKIP_UNLESS(gpu, no_gpu);
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    for (const Sizes& sizes : maps()) {
      at::Tensor here = random_maps(sizes, 1, type);
      here[0][0][1][2] = std::numeric_limits<float>::quiet_NaN();
      at::Tensor there = gpu->copy(here);
      const at::Tensor bias = random_values(sizes[1], 2).to(type);
      models::add_bias_relu_(here, bias);
      gpu->run([&] { models::add_bias_relu_(there, gpu->copy(bias)); });
      CHECK(at::allclose(there.cpu(), here, 0, 0, /*equal_nan=*/true));
    }
  }
}

TEST_CASE("on a GPU the one operator gives what LibTorch's three give", "[conv_relu]") {
  const auto gpu = KernelPlace::find();
  SKIP_UNLESS(gpu, no_gpu);
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
