// The loss's operators on a GPU against their twins on the CPU.
#include "gpu/kernel_place.hpp"
#include "gpu/random_tensors.hpp"
#include "models/squared_norm.hpp"
#include "support/support.hpp"
#include "unit/models/loss_cases.hpp"

using namespace fastbox;
using namespace fastbox::test;

TEST_CASE("a GPU's terms and gradients of the loss are the CPU's", "[losses]") {
  const auto gpu = KernelPlace::find();
  SKIP_UNLESS(gpu, no_gpu);
  for (const auto type : {at::kDouble, at::kFloat})
    for (const std::int64_t images : {1, 3, 64})
      for (const std::int64_t classes : {1, 3})
        for (const double clip : {100.0, 1e9}) {
          INFO(type << ", " << images << " images, " << classes << " classes, clip " << clip);
          const LossInput input = made_losses({images, classes, clip, type}), there = moved(input, gpu->device());
          const auto on_gpu = [&] { return run_losses(models::losses, there); };
          const LossResults twin = run_losses(models::losses, input), ours = gpu->run(on_gpu), again = gpu->run(on_gpu),
                            plain = run_losses(models::plain_losses, there);
          const double tolerance = type == at::kDouble ? 1e-12 : 1e-6;
          for (std::size_t i = 0; i < 4; ++i) {
            CHECK(worst(ours.terms[i], twin.terms[i]) < tolerance);
            CHECK(worst(ours.gradients[i], twin.gradients[i]) < tolerance);
            CHECK(worst(ours.terms[i], plain.terms[i]) < tolerance);
            CHECK(worst(ours.gradients[i], plain.gradients[i]) < tolerance);
            CHECK(at::equal(ours.terms[i], again.terms[i]));
            CHECK(at::equal(ours.gradients[i], again.gradients[i]));
          }
          // Without exp and log the bits are the same.
          for (const std::size_t i : {1u, 3u}) {
            CHECK(at::equal(ours.terms[i], twin.terms[i]));
            CHECK(at::equal(ours.gradients[i], twin.gradients[i]));
          }
        }
}

TEST_CASE("a GPU's squared norm has the CPU's bits, of many tensors too", "[losses]") {
  const auto gpu = KernelPlace::find();
  SKIP_UNLESS(gpu, no_gpu);
  for (const auto type : {at::kDouble, at::kFloat}) {
    std::vector<at::Tensor> host, device;
    for (std::int64_t i = 0; i < 250; ++i) {
      host.push_back(random_values(1 + 131 * i, static_cast<std::uint64_t>(i)).to(type).requires_grad_());
      device.push_back(gpu->copy(host.back()).requires_grad_());
    }
    const at::Tensor expected = models::half_squared_norm(host);
    const at::Tensor ours = gpu->run([&] { return models::half_squared_norm(device); });
    CHECK(at::equal(ours.detach().cpu(), expected.detach()));
    (expected * 0.25).backward();
    gpu->run([&] { (ours * 0.25).backward(); });
    for (std::size_t i = 0; i < host.size(); ++i) CHECK(at::equal(device[i].grad().cpu(), host[i].grad()));
  }
}
