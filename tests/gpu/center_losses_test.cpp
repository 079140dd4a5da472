// The center decoder's loss on a GPU against its twin on the CPU.
#include "gpu/kernel_place.hpp"
#include "support/support.hpp"
#include "unit/models/center_loss_cases.hpp"
#include "unit/models/loss_cases.hpp"

using namespace fastbox;
using namespace fastbox::test;

TEST_CASE("a GPU's terms and gradients of the center decoder's loss are the CPU's", "[center_losses]") {
  const auto gpu = KernelPlace::find();
  SKIP_UNLESS(gpu, no_gpu);
  for (const auto type : {at::kDouble, at::kFloat})
    for_center_cases(type, [&](const CenterLossCase& given) {
      CAPTURE(type, given.images, given.classes, given.score_is_overlap, given.box_by_distance);
      const CenterLossInput input = made_center_losses(given), there = moved(input, gpu->device());
      const auto on_gpu = [&] { return run_center_losses(models::losses_of_cells, there); };
      const auto twin = run_center_losses(models::losses_of_cells, input), ours = gpu->run(on_gpu),
                 again = gpu->run(on_gpu);
      for (std::size_t i = 0; i < ours.numbers.size(); ++i) {
        CAPTURE(i);
        CHECK(worst(ours.numbers[i], twin.numbers[i]) < (type == at::kDouble ? 1e-12 : 1e-6));
        CHECK(at::equal(ours.numbers[i], again.numbers[i]));
      }
      // The boxes' term has no exp and no log.
      CHECK(at::equal(ours.numbers[1], twin.numbers[1]));
      CHECK(at::equal(ours.numbers[3], twin.numbers[3]));
    });
}
