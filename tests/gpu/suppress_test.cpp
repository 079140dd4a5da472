// Decoding and suppression on a GPU against lib/eval's, to the bit.
#include <limits>

#include "gpu/kernel_place.hpp"
#include "support/support.hpp"
#include "train/suppress_grid.hpp"
#include "unit/eval/grid_tensors.hpp"

using namespace fastbox;
using namespace fastbox::test;

TEST_CASE("a GPU keeps the boxes that the CPU keeps, in its order", "[suppress]") {
  const auto gpu = KernelPlace::find();
  SKIP_UNLESS(gpu, no_gpu);
  auto grids = made_grids();
  grids.push_back(made_grid({128, 128, 8, 0.9, 12, 1000}, 91));  // the largest that a GPU does, thousands kept
  grids.push_back(made_grid({312, 96, 4, 0.1, 60, 50}, 92));     // larger: goes to the host
  for (const auto& made : grids)
    for (const std::int64_t classes : {1, 3})
      for (const bool whole_pixels : {true, false}) {
        if (gpu->is_emulated() && made.grid.cells() > 4000 && (classes > 1 || whole_pixels)) continue;  // minutes
        for (const double overlap : {0.0, 0.5}) {
          INFO(made.grid.columns() << " x " << made.grid.rows() << ", " << classes << ", " << overlap);
          const eval::DecodeOptions options{whole_pixels, 0.1};
          const GridTensors maps = grid_tensors(made, classes);
          const at::Tensor confidence = gpu->copy(maps.confidence), box = gpu->copy(maps.box);
          check_same(gpu->run([&] { return train::suppress_grid(confidence, box, made.grid, options, overlap); }),
                     expected_of(maps, made.grid, options, overlap));
        }
      }
}

TEST_CASE("a number that is none on a GPU is named as on the CPU", "[suppress]") {
  const auto gpu = KernelPlace::find();
  SKIP_UNLESS(gpu, no_gpu);
  const MadeGrid made = made_grid({}, 3);
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
    for (const bool in_box : {false, true}) {
      const GridTensors maps = grid_tensors(made, 2);
      if (in_box)
        maps.box[2][5][3] = bad;
      else
        maps.confidence[1][2][5] = bad;
      const auto on_cpu = caught([&] { train::suppress_grid(maps.confidence, maps.box, made.grid, {}, 0.5); });
      const at::Tensor confidence = gpu->copy(maps.confidence), box = gpu->copy(maps.box);
      const auto on_gpu =
          gpu->run([&] { return caught([&] { train::suppress_grid(confidence, box, made.grid, {}, 0.5); }); });
      CHECK(on_gpu.code == ExitCode::numbers);
      CHECK(on_gpu.message == on_cpu.message);
    }
}
