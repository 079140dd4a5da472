// Batches on their way to a GPU: what arrives, in which order it is asked for, and how it ends. The GPU is a made one;
// tests/gpu has a real one.
#include "train/batch_upload.hpp"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include <chrono>
#include <thread>

#include "base/files.hpp"
#include "data/sampler.hpp"
#include "support/support.hpp"
#include "unit/data/changing_settings.hpp"
#include "unit/data/made_frames.hpp"
#include "unit/train/made_gpu.hpp"

using namespace fastbox;
using test::Copies;

namespace {

/// Five small frames and one that outgrows the memory made for them.
data::Dataset frames_in(const test::ScratchFolder& folder) {
  auto names = test::write_frames(folder.path(), 5);
  test::write_frame(folder.path(), "large", 300, 200, {test::object("Car", 10, 20, 50, 60)});
  names.push_back("large");
  return data::Dataset(folder.path(), names, "a test");
}

bool are_equal(const train::BatchTensors& ours, const train::BatchTensors& theirs) {
  const auto &a = ours.targets, &b = theirs.targets;
  return at::equal(ours.image, theirs.image) && at::equal(a.confidence, b.confidence) && at::equal(a.box, b.box) &&
         at::equal(a.mask, b.mask) && at::equal(a.weight, b.weight);
}

/// Time for the thread to do what it should not.
void wait_a_little() {
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

/// What the copies' stream was told, once that is so much.
std::vector<std::string> told(test::MadeGpu& gpu, std::size_t lines) {
  for (int i = 0; i < 3000 && gpu.told().size() < lines; ++i) wait_a_little();
  wait_a_little();
  return gpu.told();
}

}  // namespace

TEST_CASE("what arrives is the loader's batch, and stays until the next is asked for", "[batch_upload]") {
  const test::ScratchFolder folder;
  const data::Dataset dataset = frames_in(folder);
  for (const auto copies : {Copies::at_once, Copies::at_last})
    for (const auto type : {at::kFloat, at::kDouble}) {
      test::MadeGpu gpu(copies);
      const at::TensorOptions options(type);
      const data::LoaderPlan plan{.seed = 5, .batch = 4, .end_sample = 34};
      data::Loader loader(dataset, test::changing_settings(), plan);
      train::BatchUpload upload(dataset, test::changing_settings(), plan, nullptr, options);
      for (int step = 0; step < 9; ++step) {
        INFO("step " << step << (copies == Copies::at_once ? ", copies at once" : ", copies at last"));
        const data::Batch &batch = upload.next(), &expected = loader.next();
        REQUIRE(batch.images == (step < 8 ? 4 : 2));
        CHECK(batch.names == expected.names);
        CHECK(batch.first_sample == expected.first_sample);
        CHECK(batch.counts.cells == expected.counts.cells);
        const auto tensors = upload.tensors();
        REQUIRE(tensors.has_value());
        CHECK(tensors->image.scalar_type() == type);
        CHECK(tensors->image.is_contiguous(at::MemoryFormat::ChannelsLast));
        wait_a_little();
        const auto theirs = train::to_tensors(expected, options);
        CHECK(are_equal(*tensors, theirs));
        CHECK(are_equal(*upload.tensors(), theirs));  // frames are still there, too
        CHECK(data::images_of(batch) == expected.image);
      }
      CHECK(upload.next().images == 0);
      CHECK_FALSE(upload.tensors().has_value());
    }
}

TEST_CASE("a copy waits for the step that last read its buffer, and the step for its copies alone", "[batch_upload]") {
  const test::ScratchFolder folder;
  const data::Dataset dataset(folder.path(), test::write_frames(folder.path(), 5), "a test");
  test::MadeGpu gpu(Copies::at_once);
  train::BatchUpload upload(dataset, test::changing_settings(), {.seed = 5, .batch = 3}, nullptr,
                            at::TensorOptions(at::kFloat));
  std::vector<std::string> expected = {"4 copies", "4 copies"};
  std::size_t pieces = 0;
  for (int step = 0; step < 6; ++step) {
    upload.next();
    upload.tensors();
    CHECK(gpu.waits() == step + 1);
    if (step > 0) {
      expected.push_back(concat("wait for step ", step - 1));
      expected.push_back("4 copies");
    }
    // One batch ahead, never two.
    CHECK(told(gpu, expected.size()) == expected);
    if (step == 4) pieces = gpu.pieces();
  }
  CHECK(gpu.pieces() == pieces);  // no memory is made in the loop
}

TEST_CASE("memory is not filled again before its copies are over, though no step asks for them", "[batch_upload]") {
  const test::ScratchFolder folder;
  const data::Dataset dataset(folder.path(), test::write_frames(folder.path(), 5), "a test");
  test::MadeGpu gpu(Copies::at_last);
  train::BatchUpload upload(dataset, test::changing_settings(), {.seed = 5, .batch = 3}, nullptr,
                            at::TensorOptions(at::kFloat));
  for (int step = 0; step < 8; ++step) upload.next();
  CHECK(gpu.most_waiting() <= 2 * 4);  // of the batch in use and the one ahead
}

TEST_CASE("a batch that cannot be made stops the run at its turn, by name", "[batch_upload]") {
  const test::ScratchFolder folder;
  const auto names = test::write_frames(folder.path(), 6);
  const data::Dataset dataset(folder.path(), names, "a test");
  const std::string victim = dataset[data::Sampler(5, 6).at(3).frame].name;
  write_file_atomically(data::image_folder(folder.path()) / (victim + ".png"), "no picture");
  test::MadeGpu gpu(Copies::at_last);
  train::BatchUpload upload(dataset, test::changing_settings(), {.seed = 5, .batch = 2}, nullptr,
                            at::TensorOptions(at::kFloat));
  CHECK(upload.next().images == 2);
  wait_a_little();
  CHECK(upload.tensors().has_value());
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto error = test::caught([&] { upload.next(); });
    CHECK(error.code == ExitCode::data);
    CHECK(error.mentions(victim + ".png"));
  }
}

TEST_CASE("a GPU that fails stops the run at the batch that it failed with", "[batch_upload]") {
  const test::ScratchFolder folder;
  const data::Dataset dataset(folder.path(), test::write_frames(folder.path(), 3), "a test");
  test::MadeGpu gpu(Copies::at_once);
  train::BatchUpload upload(dataset, test::changing_settings(), {.batch = 2}, nullptr, at::TensorOptions(at::kFloat));
  upload.next();
  CHECK(told(gpu, 2).size() == 2);  // the second batch is there as well
  gpu.break_down();
  CHECK(upload.next().images == 2);
  const auto error = test::caught([&] { upload.next(); });
  CHECK(error.code == ExitCode::environment);
  CHECK(error.mentions("fallen off the bus"));
}

TEST_CASE("it ends at any moment and gives all memory back", "[batch_upload]") {
  const test::ScratchFolder folder;
  const data::Dataset dataset(folder.path(), test::write_frames(folder.path(), 3), "a test");
  for (const auto copies : {Copies::at_once, Copies::at_last})
    for (int steps = 0; steps < 4; ++steps)
      for (const bool waits : {false, true}) {
        test::MadeGpu gpu(copies);
        {
          train::BatchUpload upload(dataset, test::changing_settings(), {.batch = 2}, nullptr,
                                    at::TensorOptions(at::kFloat));
          for (int step = 0; step < steps; ++step) upload.next();
          if (waits) wait_a_little();
        }
        CHECK(gpu.pieces() == 0);
      }
}

TEST_CASE("a rank without images copies nothing", "[batch_upload]") {
  const test::ScratchFolder folder;
  const data::Dataset dataset(folder.path(), test::write_frames(folder.path(), 3), "a test");
  test::MadeGpu gpu(Copies::at_once);
  train::BatchUpload upload(dataset, test::changing_settings(), {.rank = 3, .ranks = 4, .batch = 2}, nullptr,
                            at::TensorOptions(at::kFloat));
  for (int step = 0; step < 4; ++step) {
    CHECK(upload.next().images == 0);
    CHECK_FALSE(upload.tensors().has_value());
  }
  CHECK(gpu.told().empty());
  CHECK(gpu.pieces() == 0);
}

TEST_CASE("on a CPU the batches are the loader's own, and no backend is asked", "[batch_upload]") {
  const test::ScratchFolder folder;
  const data::Dataset dataset(folder.path(), test::write_frames(folder.path(), 3), "a test");
  const at::TensorOptions options(at::kFloat);
  const data::LoaderPlan plan{.seed = 5, .batch = 2, .end_sample = 3};
  const auto batches = train::make_batch_supply(dataset, test::changing_settings(), plan, nullptr, options);
  data::Loader loader(dataset, test::changing_settings(), plan);
  for (const int images : {2, 1}) {
    const data::Batch& batch = batches->next();
    REQUIRE(batch.images == images);
    CHECK(are_equal(*batches->tensors(), train::to_tensors(loader.next(), options)));
    CHECK(batches->tensors()->image.const_data_ptr() == batch.image.data());
  }
  CHECK(batches->next().images == 0);
  CHECK_FALSE(batches->tensors().has_value());
}
