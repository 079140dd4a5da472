// fastbox::augment on the CPU against data::ImageMaker, which trains on the CPU. tests/gpu holds a GPU against both.
#include "train/augment_images.hpp"

#include <catch2/catch.hpp>

#include <cmath>

#include "unit/train/random_frames.hpp"

using namespace fastbox;

namespace {

std::vector<float> made(data::ImageMaker& maker, const test::RandomFrames& batch, std::size_t i) {
  std::vector<float> image(static_cast<std::size_t>(3 * batch.width * batch.height), -1);
  maker.make(batch.frames[i], batch.changes[i], batch.width, batch.height, image);
  return image;
}

at::Tensor augmented(const test::RandomFrames& batch) {
  return train::augment(batch.packed(), batch.change_rows(), batch.size());
}

}  // namespace

TEST_CASE("images are ImageMaker's to the bit, whatever their geometry and colour", "[augment_images]") {
  data::ImageMaker maker;
  std::uint64_t seed = 0;
  for (const auto& [width, height] :
       std::vector<std::pair<int, int>>{{1248, 384}, {640, 192}, {96, 32}, {33, 7}, {1, 1}})
    for (const auto& [colour, tint] :
         std::vector<std::pair<bool, bool>>{{false, false}, {true, false}, {true, true}, {false, true}, {true, true}}) {
      const auto batch = test::random_frames(width, height, colour, tint, seed++);
      const at::Tensor images = augmented(batch);
      REQUIRE(images.sizes() == at::IntArrayRef({std::ssize(batch.frames), height, width, 3}));
      REQUIRE(images.scalar_type() == at::kFloat);
      for (std::size_t i = 0; i < batch.frames.size(); ++i) {
        const auto expected = made(maker, batch, i);
        INFO(batch.frames[i].cols << " x " << batch.frames[i].rows << " to " << width << " x " << height << ", image "
                                  << i << ", colour " << colour << ", tint " << tint);
        CHECK(std::memcmp(images[static_cast<std::int64_t>(i)].const_data_ptr<float>(), expected.data(),
                          expected.size() * sizeof(float)) == 0);
      }
    }
}

TEST_CASE("more room than a batch needs changes nothing, and no batch is one too", "[augment_images]") {
  const auto batch = test::random_frames(96, 32, true, true, 3);
  auto size = batch.size();
  size.rows += 7, size.taps += 5;
  CHECK(at::equal(train::augment(batch.packed(), batch.change_rows(), size), augmented(batch)));
  test::RandomFrames none;
  none.width = 96, none.height = 32;
  CHECK(augmented(none).sizes() == at::IntArrayRef({0, 32, 96, 3}));
}

TEST_CASE("the room for taps is enough and little more", "[augment_images]") {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const int width = 3 + static_cast<int>(seed) * 113;
    const auto batch = test::random_frames(width, 96, false, false, seed);
    CHECK_NOTHROW(augmented(batch));  // it refuses where there are more
  }
  data::ImageChange kitti;
  kitti.right = kitti.frame_width = 1242, kitti.bottom = kitti.frame_height = 375;
  CHECK(train::augment_size({&kitti, 1}, 384, 1248).taps == 6);
  CHECK(train::augment_size({&kitti, 1}, 384, 1248).rows == 375);
}

TEST_CASE("what it does not take is refused", "[augment_images]") {
  const auto batch = test::random_frames(32, 32, true, true, 1);
  const at::Tensor frames = batch.packed(), changes = batch.change_rows();
  const auto size = batch.size();
  const auto refuses = [&](const at::Tensor& these, const at::Tensor& by, const train::AugmentSize& of) {
    CHECK_THROWS_AS(train::augment(these, by, of), c10::Error);
  };
  const auto with = [&](std::int64_t column, double value) {
    at::Tensor changed = changes.clone();
    changed[1][column] = value;
    return changed;
  };
  refuses(frames.to(at::kFloat), changes, size);
  refuses(frames.narrow(1, 1, frames.size(1) - 1), changes, size);
  refuses(frames, changes.to(at::kFloat), size);
  refuses(frames.narrow(0, 1, 3), changes, size);
  refuses(frames.narrow(1, 0, 3000).contiguous(), changes, size);
  refuses(frames, changes, {32, 32, size.rows - 1, size.taps});
  refuses(frames, changes, {32, 32, size.rows, 4});
  refuses(frames, changes, {0, 32, size.rows, size.taps});
  refuses(frames, with(2, -1000), size);         // right of left
  refuses(frames, with(8, 0.6), size);           // hue
  refuses(frames, with(8, std::nan("")), size);  // hue
  refuses(frames, with(9, 0), size);             // width
  CHECK_NOTHROW(train::augment(frames, changes, size));
}
