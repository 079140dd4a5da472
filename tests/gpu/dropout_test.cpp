// Dropout masks drawn on a GPU: the CPU's bits.
#include "models/dropout.hpp"

#include "gpu/kernel_place.hpp"
#include "support/support.hpp"

using namespace fastbox;
using namespace fastbox::test;

TEST_CASE("a GPU draws the CPU's masks", "[dropout]") {
  const auto gpu = KernelPlace::find();
  SKIP_UNLESS(gpu, no_gpu);
  const std::vector<std::uint64_t> seeds = {1, UINT64_MAX, 0x9e3779b97f4a7c15u};
  const at::Tensor there = models::seed_tensor(seeds, gpu->device());
  CHECK(there.device() == gpu->device());
  for (const auto type : {at::kFloat, at::kBFloat16, at::kDouble}) {
    for (const std::vector<std::int64_t>& shape :
         std::vector<std::vector<std::int64_t>>{{1}, {7, 9}, {12, 39, 500}, {12, 39, 2304}}) {
      const at::Tensor here = models::dropout_mask(seeds, 1, shape, 0.3, type);
      const at::TensorOptions options = at::TensorOptions(type).device(gpu->device());
      CHECK(at::equal(gpu->run([&] { return models::dropout_mask(there, 1, shape, 0.3, type); }).cpu(), here));
      CHECK(at::equal(gpu->run([&] { return models::dropout_mask(seeds, 1, shape, 0.3, options); }).cpu(), here));
    }
  }
}
