// A first convolution of three channels and of eight, and the choice between the two, which only a GPU has.
#include "models/padded_channels.hpp"

#include <array>

#include "gpu/gradients_on_gpu.hpp"
#include "support/support.hpp"

using namespace fastbox;
using namespace fastbox::test;

namespace {

constexpr std::array<std::int64_t, 2> one = {1, 1};

}  // namespace

TEST_CASE("on a GPU three channels and eight give the same, and one of the two is chosen", "[padded_channels]") {
  const auto gpu = gpu_of_rank();
  SKIP_UNLESS(gpu, "there is no GPU here");
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
