// fastbox::augment on a GPU against its twin on the CPU.
#include <cstring>

#include "gpu/kernel_place.hpp"
#include "support/support.hpp"
#include "unit/train/random_frames.hpp"

using namespace fastbox;
using namespace fastbox::test;

TEST_CASE("a GPU's images have the CPU's bits", "[augment]") {
  const auto gpu = KernelPlace::find();
  SKIP_UNLESS(gpu, no_gpu);
  const auto on_gpu = [&](const at::Tensor& frames, const at::Tensor& changes, const auto& size) {
    return gpu->run([&] { return train::augment(gpu->copy(frames), gpu->copy(changes), size); }).cpu();
  };
  std::uint64_t seed = 0;
  for (const auto& [width, height] :
       std::vector<std::pair<int, int>>{{1248, 384}, {640, 192}, {129, 32}, {33, 7}, {1, 1}})
    for (const auto& [colour, tint] :
         std::vector<std::pair<bool, bool>>{{false, false}, {true, false}, {true, true}, {false, true}, {true, true}}) {
      if (gpu->is_emulated() && width > 640) continue;  // the same, in minutes
      const auto batch = random_frames(width, height, colour, tint, seed++);
      const at::Tensor frames = batch.packed(), changes = batch.change_rows();
      const at::Tensor expected = train::augment(frames, changes, batch.size()),
                       ours = on_gpu(frames, changes, batch.size());
      INFO(width << " x " << height << ", colour " << colour << ", tint " << tint);
      REQUIRE(ours.sizes() == expected.sizes());
      CHECK(std::memcmp(ours.const_data_ptr(), expected.const_data_ptr(), expected.nbytes()) == 0);
    }
  const RandomFrames none{96, 32, {}, {}};
  CHECK(on_gpu(none.packed(), none.change_rows(), none.size()).size(0) == 0);
}
