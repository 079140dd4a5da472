// Adam's update on a GPU against its twin on the CPU.
#include "train/adam_step.hpp"

#include "gpu/kernel_place.hpp"
#include "gpu/random_tensors.hpp"
#include "support/support.hpp"

using namespace fastbox;
using namespace fastbox::test;

namespace {

/// Of 1 + |v|: a moving average is rounded twice here and once there.
double largest_share(const at::Tensor& a, const at::Tensor& b) {
  return ((a.cpu() - b).abs() / (b.abs() + 1)).max().item<double>();
}

}  // namespace

TEST_CASE("a GPU's update has the CPU's bits, and its average all but them", "[adam_step]") {
  const auto gpu = KernelPlace::find();
  SKIP_UNLESS(gpu, no_gpu);
  constexpr double rounding = 2 * 1.2e-7;
  for (const auto type : {at::kFloat, at::kDouble}) {
    for (const std::int64_t count : {1, 255, 256, 100'003, 20'000'000}) {  // the last: more than a grid has threads
      INFO(at::toString(type) << ", " << count << " elements");
      const auto values = [&](std::uint64_t seed) { return random_values(count, seed).to(type); };
      const at::Tensor decays = (at::arange((count + 15) / 16) % 3 == 0).to(at::kByte);
      at::Tensor w = values(1), m = values(2), v = values(3).square();
      const at::Tensor average = values(4);
      at::Tensor gpu_w = gpu->copy(w), gpu_m = gpu->copy(m), gpu_v = gpu->copy(v);
      const at::Tensor gpu_average = gpu->copy(average), gpu_decays = gpu->copy(decays);
      for (std::uint64_t step = 0; step < 3; ++step) {
        const at::Tensor g = values(10 + step);
        const train::AdamNumbers numbers = {0.01, 0.9, 0.999, 1e-5, 0.5};
        train::adam_step(w, g, m, v, numbers, {decays, 16, 0.99}, {average, step == 1 ? 0.7 : 0.1});
        gpu->run([&] {
          train::adam_step(gpu_w, gpu->copy(g), gpu_m, gpu_v, numbers, {gpu_decays, 16, 0.99},
                           {gpu_average, step == 1 ? 0.7 : 0.1});
        });
      }
      CHECK(at::equal(gpu_w.cpu(), w));
      CHECK(at::equal(gpu_m.cpu(), m));
      CHECK(at::equal(gpu_v.cpu(), v));
      CHECK(largest_share(gpu_average, average) < 3 * rounding);
      const bool rounds = type == at::kFloat;
      const at::Tensor rounded = rounds ? at::zeros({count}, at::kBFloat16) : at::Tensor();
      const at::Tensor gpu_rounded = rounds ? gpu->copy(rounded) : at::Tensor();
      train::adam_step(w, values(20), m, v, {0.01, 0.9, 0.999, 1e-5}, {}, {}, rounded);
      gpu->run([&] {
        train::adam_step(gpu_w, gpu->copy(values(20)), gpu_m, gpu_v, {0.01, 0.9, 0.999, 1e-5}, {}, {}, gpu_rounded);
      });
      CHECK(at::equal(gpu_w.cpu(), w));
      if (rounds) CHECK(at::equal(gpu_rounded.cpu(), rounded));
    }
  }
}
