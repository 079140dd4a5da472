// Targets made on a GPU against those of lib/data's makers.
#include "data/center_targets.hpp"
#include "gpu/kernel_place.hpp"
#include "support/support.hpp"
#include "train/assign_targets.hpp"
#include "unit/data/made_batch.hpp"

using namespace fastbox;
using namespace fastbox::test;

namespace {

train::BatchRectangles on(const KernelPlace& gpu, const train::BatchRectangles& batch) {
  return {gpu.copy(batch.rectangles), gpu.copy(batch.counts)};
}

}  // namespace

TEST_CASE("FastBox's targets of a GPU have the CPU's bits", "[targets]") {
  const auto gpu = KernelPlace::find();
  SKIP_UNLESS(gpu, no_gpu);
  const auto images = made_images(cell_grid, 64);
  for (const auto& [assignment, border] : assignments) {
    const data::CellTargets maker(target_settings(assignment, border), cell_grid);
    CAPTURE(assignment, border);
    const auto batch = on(*gpu, train::to_rectangles(images, 128));
    check_equal(gpu->run([&] { return train::assign_targets(batch, maker.rule()); }), made_by(maker, images));
  }
}

TEST_CASE("the center decoder's targets of a GPU are the CPU's to a float's last bit", "[targets]") {
  const auto gpu = KernelPlace::find();
  SKIP_UNLESS(gpu, no_gpu);
  const auto images = made_images(center_grid, 64);
  const auto batch = on(*gpu, train::to_rectangles(images, 128));
  check_equal(gpu->run([&] { return train::assign_center_targets(batch, center_grid); }),
              made_by(data::CenterTargets(center_grid), images), 2.4e-7);
}
