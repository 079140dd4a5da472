// Batches that hold frames: what is made of them elsewhere must be what the loader makes itself.
#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <thread>

#include "data/loader.hpp"
#include "support/support.hpp"
#include "unit/data/changing_settings.hpp"
#include "unit/data/made_frames.hpp"

using namespace fastbox;

namespace {

/// Memory that remembers what it has given.
struct Source {
  std::mutex mutex;
  std::vector<std::pair<const std::uint8_t*, std::size_t>> given;

  data::MemorySource function() {
    return [this](std::size_t bytes) {
      auto memory = std::make_shared<std::uint8_t[]>(bytes);
      const std::lock_guard lock(mutex);
      given.emplace_back(memory.get(), bytes);
      return memory;
    };
  }
  bool gave(const std::uint8_t* begin, std::size_t bytes) {
    const std::lock_guard lock(mutex);
    return std::any_of(given.begin(), given.end(),
                       [&](const auto& piece) { return begin == piece.first && bytes <= piece.second; });
  }
};

}  // namespace

TEST_CASE("frames and their changes stand for the images, for any ranks and shards", "[loader_frames]") {
  const test::ScratchFolder folder;
  const data::Dataset dataset(folder.path(), test::write_frames(folder.path(), 5), "a test");
  for (const int ranks : {1, 2, 3})
    for (const int shards : {0, 6})
      for (const int paste : {0, 2}) {
        Source source;
        auto with = test::changing_settings();
        with.augmentation.paste = paste;
        if (ranks == 2) with.augmentation.colour = "image";
        for (int rank = 0; rank < ranks; ++rank) {
          data::LoaderPlan plan{
              .seed = 5, .rank = rank, .ranks = ranks, .batch = 8, .shards = shards, .end_sample = 30};
          data::Loader plain(dataset, with, plan);
          plan.frame_memory = source.function();
          data::Loader loader(dataset, with, plan);
          for (int step = 0; step < 5; ++step) {
            const data::Batch &batch = loader.next(), &expected = plain.next();
            INFO(ranks << " ranks, " << shards << " shards, step " << step);
            REQUIRE(batch.images == expected.images);
            CHECK(batch.image.empty());
            REQUIRE(std::ssize(batch.frames) == batch.images);
            CHECK(data::images_of(batch) == expected.image);
            CHECK(batch.confidence == expected.confidence);
            CHECK(batch.box == expected.box);
            CHECK(batch.weight == expected.weight);
            CHECK(batch.mask == expected.mask);
            CHECK(batch.names == expected.names);
            CHECK(batch.first_sample == expected.first_sample);
            CHECK(batch.counts.cells == expected.counts.cells);
            for (const auto& frame : batch.frames) CHECK(source.gave(frame.data(), frame.bytes()));
            CHECK(expected.frames.empty());
            CHECK(expected.changes.empty());
          }
        }
      }
}

TEST_CASE("memory for frames is asked for once a place, and again only for a much larger frame", "[loader_frames]") {
  const test::ScratchFolder folder;
  const data::Dataset dataset(folder.path(), test::write_frames(folder.path(), 5), "a test");
  Source source;
  data::Loader loader(dataset, test::changing_settings(),
                      data::LoaderPlan{.seed = 5, .batch = 4, .frame_memory = source.function()});
  for (int step = 0; step < 20; ++step) loader.next();
  const std::size_t slots = 3;  // two, and one more for three workers
  CHECK(source.given.size() == slots * 4);

  data::FramePixels pixels;
  const std::size_t before = source.given.size();
  const auto take = [&](int width) {
    const cv::Mat rgb(10, width, CV_8UC3, cv::Scalar::all(width));
    pixels.take(rgb, source.function());
    CHECK(pixels.bytes() == static_cast<std::size_t>(30 * width));
    CHECK(std::all_of(pixels.data(), pixels.data() + pixels.bytes(), [&](int value) { return value == width; }));
    return source.given.size() - before;
  };
  CHECK(take(100) == 1);
  CHECK(take(112) == 1);
  CHECK(take(40) == 1);
  CHECK(take(113) == 2);
}

TEST_CASE("a part of a picture is taken row by row", "[loader_frames]") {
  cv::Mat rgb(4, 6, CV_8UC3, cv::Scalar::all(1));
  rgb(cv::Rect(2, 1, 3, 2)).setTo(cv::Scalar(7, 8, 9));
  data::FramePixels pixels;
  Source source;
  pixels.take(rgb(cv::Rect(2, 1, 3, 2)), source.function());
  REQUIRE(pixels.bytes() == 18);
  for (int i = 0; i < 18; ++i) CHECK(pixels.data()[i] == 7 + i % 3);
}

TEST_CASE("a batch stays as it was until so many calls later", "[loader_frames]") {
  const test::ScratchFolder folder;
  const data::Dataset dataset(folder.path(), test::write_frames(folder.path(), 5), "a test");
  for (const int kept : {1, 2, 3}) {
    Source source;
    data::Loader loader(dataset, test::changing_settings(),
                        data::LoaderPlan{.seed = 5, .batch = 3, .kept = kept, .frame_memory = source.function()});
    std::vector<std::pair<const data::Batch*, std::vector<float>>> given;
    for (int step = 0; step < 12; ++step) {
      const data::Batch& batch = loader.next();
      given.emplace_back(&batch, data::images_of(batch));
      std::this_thread::sleep_for(std::chrono::milliseconds(5));  // the workers fill what they may
      for (int back = 0; back < std::min(kept, step + 1); ++back) {
        const auto& [earlier, images] = given[static_cast<std::size_t>(step - back)];
        CHECK(earlier->first_sample == static_cast<std::uint64_t>(3 * (step - back)));
        CHECK(data::images_of(*earlier) == images);
      }
    }
  }
}

TEST_CASE("memory that is not to be had stops the run in its own words", "[loader_frames]") {
  const test::ScratchFolder folder;
  const data::Dataset dataset(folder.path(), test::write_frames(folder.path(), 2), "a test");
  const data::MemorySource none = [](std::size_t) -> std::shared_ptr<void> {
    fail(ExitCode::environment, "no page-locked memory");
  };
  data::Loader loader(dataset, test::changing_settings(), data::LoaderPlan{.batch = 2, .frame_memory = none});
  const auto error = test::caught([&] { loader.next(); });
  CHECK(error.code == ExitCode::environment);
  CHECK(error.mentions("no page-locked memory"));
}
