// Batches on their way to a GPU.
#include "train/batch_upload.hpp"

#include "gpu/gradients_on_gpu.hpp"
#include "support/support.hpp"
#include "unit/data/made_frames.hpp"
#include "unit/train/random_frames.hpp"

using namespace fastbox;
using namespace fastbox::test;

TEST_CASE("batches that are copied ahead are the CPU's, while the GPU is busy with those before", "[batch_upload]") {
  const auto gpu = gpu_of_rank();
  SKIP_UNLESS(gpu, "there is no GPU here");
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
