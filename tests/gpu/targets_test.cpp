// Targets made on a GPU against those of lib/data's makers.
#include "data/center_targets.hpp"
#include "gpu/gradients_on_gpu.hpp"
#include "support/support.hpp"
#include "train/assign_targets.hpp"
#include "unit/data/made_batch.hpp"

using namespace fastbox;
using namespace fastbox::test;

namespace {

constexpr const char* why = "there is no GPU here";

train::BatchRectangles on(c10::Device device, const train::BatchRectangles& batch) {
  return {batch.rectangles.to(device), batch.counts.to(device)};
}

}  // namespace

TEST_CASE("FastBox's targets of a GPU have the CPU's bits", "[targets]") {
  const auto gpu = gpu_of_rank();
  SKIP_UNLESS(gpu, why);
  const auto images = made_images(cell_grid, 64);
  for (const auto& [assignment, border] : assignments) {
    const data::CellTargets maker(target_settings(assignment, border), cell_grid);
    CAPTURE(assignment, border);
    check_equal(train::assign_targets(on(*gpu, train::to_rectangles(images, 128)), maker.rule()),
                made_by(maker, images));
  }
}

TEST_CASE("the center decoder's targets of a GPU are the CPU's to a float's last bit", "[targets]") {
  const auto gpu = gpu_of_rank();
  SKIP_UNLESS(gpu, why);
  const auto images = made_images(center_grid, 64);
  check_equal(train::assign_center_targets(on(*gpu, train::to_rectangles(images, 128)), center_grid),
              made_by(data::CenterTargets(center_grid), images), 2.4e-7);
}
