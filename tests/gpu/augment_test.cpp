// fastbox::augment on a GPU against its twin on the CPU, and batches on their way there.
#include <chrono>
#include <thread>

#include "gpu/gradients_on_gpu.hpp"
#include "support/support.hpp"
#include "train/batch_upload.hpp"
#include "unit/data/made_frames.hpp"
#include "unit/train/random_frames.hpp"

using namespace fastbox;
using namespace fastbox::test;

namespace {

constexpr const char* why = "there is no GPU here";

}  // namespace

TEST_CASE("a GPU's images have the CPU's bits", "[augment]") {
  const auto gpu = gpu_of_rank();
  SKIP_UNLESS(gpu, why);
  std::uint64_t seed = 0;
  for (const auto& [width, height] :
       std::vector<std::pair<int, int>>{{1248, 384}, {640, 192}, {129, 32}, {33, 7}, {1, 1}})
    for (const auto& [colour, tint] :
         std::vector<std::pair<bool, bool>>{{false, false}, {true, false}, {true, true}, {false, true}, {true, true}}) {
      const auto batch = random_frames(width, height, colour, tint, seed++);
      const at::Tensor frames = batch.packed(), changes = batch.change_rows();
      const at::Tensor expected = train::augment(frames, changes, batch.size()),
                       ours = train::augment(frames.to(*gpu), changes.to(*gpu), batch.size()).cpu();
      INFO(width << " x " << height << ", colour " << colour << ", tint " << tint);
      REQUIRE(ours.sizes() == expected.sizes());
      CHECK(std::memcmp(ours.const_data_ptr(), expected.const_data_ptr(), expected.nbytes()) == 0);
    }
  const RandomFrames none{96, 32, {}, {}};
  CHECK(train::augment(none.packed().to(*gpu), none.change_rows().to(*gpu), none.size()).size(0) == 0);
}

TEST_CASE("batches that are copied ahead are the CPU's, while the GPU is busy with those before", "[augment]") {
  const auto gpu = gpu_of_rank();
  SKIP_UNLESS(gpu, why);
  const ScratchFolder folder;
  auto names = write_frames(folder.path(), 7);
  write_frame(folder.path(), "large", 640, 320, {object("Car", 100, 20, 200, 120)});
  names.push_back("large");
  const data::Dataset dataset(folder.path(), names, "a test");
  config::Settings settings;
  settings.model.width = 640, settings.model.height = 192;
  settings.augmentation.scale = {0.8, 1.2};
  settings.augmentation.saturation = {0.5, 1.6};
  settings.augmentation.hue = 0.1;
  const data::LoaderPlan plan{.seed = 5, .batch = 3, .end_sample = 40};
  train::BatchUpload upload(dataset, settings, plan, nullptr, at::TensorOptions(at::kFloat).device(*gpu));
  data::Loader loader(dataset, settings, plan);
  const at::Tensor busy = at::ones({4096, 4096}, at::TensorOptions(*gpu));
  for (int step = 0; step < 15; ++step) {
    const data::Batch& batch = upload.next();
    const data::Batch& expected = loader.next();
    CHECK(batch.names == expected.names);
    const auto ours = upload.tensors();
    REQUIRE(ours.has_value() == (expected.images > 0));
    if (!ours) continue;
    // What the step reads after a while must still be its own batch.
    for (int i = 0; i < 5; ++i) at::matmul(busy, busy);
    const auto theirs = train::to_tensors(expected, at::TensorOptions(at::kFloat));
    const at::Tensor box = ours->targets.box * 1, mask = ours->targets.mask * 1,
                     confidence = ours->targets.confidence * 1, weight = ours->targets.weight * 1;
    CHECK(at::equal(ours->image.cpu(), theirs.image));
    CHECK(at::equal(box.cpu(), theirs.targets.box));
    CHECK(at::equal(mask.cpu(), theirs.targets.mask));
    CHECK(at::equal(confidence.cpu(), theirs.targets.confidence));
    CHECK(at::equal(weight.cpu(), theirs.targets.weight));
  }
}
