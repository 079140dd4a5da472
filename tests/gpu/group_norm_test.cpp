// Group normalisation on a GPU: near to LibTorch's in float64, as the CPU's is, and the same in every run.
#include "gpu/kernel_place.hpp"
#include "support/support.hpp"
#include "unit/models/group_norm_cases.hpp"

using namespace fastbox;
using namespace fastbox::test;

namespace {

using Sizes = std::vector<std::int64_t>;

/// One group of one pixel; groups that divide no block; more groups than a block has threads; more pixels than a block takes
/// at once; maps of which a stretch is the whole.
const std::vector<Sizes> maps = {{3, 32, 21, 37}, {1, 8, 1, 1},     {2, 192, 5, 9},    {1, 520, 3, 7},
                                 {2, 24, 96, 80}, {1, 2056, 5, 11}, {2, 64, 156, 104}, {4, 2048, 1, 1}};

void check_same(const NormResults& a, const NormResults& b) {
  CHECK(at::equal(a.y, b.y));
  CHECK(at::equal(a.x, b.x));
  CHECK(at::equal(a.residual, b.residual));
  CHECK(at::equal(a.weight, b.weight));
  CHECK(at::equal(a.bias, b.bias));
}

}  // namespace

TEST_CASE("a GPU's group normalisation and gradients are LibTorch's in float64, the same in every run",
          "[group_norm]") {
  const auto gpu = KernelPlace::find();
  SKIP_UNLESS(gpu, no_gpu);
  for (const auto type : {at::kFloat, at::kBFloat16})
    for (const Sizes& sizes : maps)
      for (const bool activate : {false, true})
        for (const bool adds : {false, true}) {
          CAPTURE(type, sizes, activate, adds);
          const NormCase given = make_norm_case(sizes, type), there = moved(given, gpu->device());
          const auto on_gpu = [&] { return run_norm(models::group_norm, there, type, activate, adds); };
          const NormResults ours = gpu->run(on_gpu);
          check_same(ours, gpu->run(on_gpu));
          check_same(ours, gpu->run(on_gpu));
          const NormResults exact = run_norm(models::plain_group_norm, given, at::kDouble, activate, adds);
          // A group of eight numbers may have next to no deviation, by which what is rounded is divided.
          const bool is_small = sizes[2] * sizes[3] == 1;
          const double tolerance = type == at::kFloat ? (is_small ? 1e-4 : 3e-6) : (is_small ? 5e-2 : 6e-3);
          CHECK(difference(ours.y, exact.y) < tolerance);
          CHECK(difference(ours.x, exact.x) < tolerance);
          CHECK(difference(ours.weight, exact.weight) < tolerance);
          CHECK(difference(ours.bias, exact.bias) < tolerance);
          if (adds) CHECK(difference(ours.residual, exact.residual) < tolerance);
        }
}

TEST_CASE("a GPU normalises maps and weights that begin anywhere in its memory", "[group_norm]") {
  const auto gpu = KernelPlace::find();
  SKIP_UNLESS(gpu, no_gpu);
  const NormCase given = make_norm_case({2, 16, 9, 7}, at::kFloat);
  const auto shifted = [&](const at::Tensor& tensor) {
    const at::Tensor memory = at::zeros({tensor.numel() + 1}, at::TensorOptions(gpu->device()));
    const at::Tensor view = memory.narrow(0, 1, tensor.numel()).as_strided(tensor.sizes(), tensor.strides());
    view.copy_(tensor);
    return view;
  };
  const auto run = [&](const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& added) {
    return gpu->run([&] { return models::group_norm(x, weight, bias, {true, added}); }).cpu();
  };
  const NormCase there = moved(given, gpu->device());
  CHECK(at::equal(run(shifted(given.x), shifted(given.weight), shifted(given.bias), shifted(given.residual)),
                  run(there.x, there.weight, there.bias, there.residual)));
}

TEST_CASE("a NaN in a map on a GPU is a NaN in its group, and nowhere else", "[group_norm]") {
  const auto gpu = KernelPlace::find();
  SKIP_UNLESS(gpu, no_gpu);
  NormCase given = make_norm_case({2, 16, 6, 6}, at::kBFloat16);
  given.x[1][3][2][2] = std::numeric_limits<float>::quiet_NaN();
  const NormCase there = moved(given, gpu->device());
  const at::Tensor y = gpu->run([&] {
                            return models::group_norm(there.x, there.weight, there.bias, {true, {}});
                          })
                           .cpu();
  CHECK(at::isnan(y[1].narrow(0, 0, 8)).all().item<bool>());
  CHECK_FALSE(at::isnan(y[1].narrow(0, 8, 8)).any().item<bool>());
  CHECK_FALSE(at::isnan(y[0]).any().item<bool>());
}
