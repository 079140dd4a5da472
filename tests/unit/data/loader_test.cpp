#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <set>

#include "data/loader.hpp"
#include "data/sampler.hpp"
#include "support/support.hpp"
#include "unit/data/made_frames.hpp"

using namespace fastbox;
namespace fs = std::filesystem;

namespace {

config::Settings settings() {
  config::Settings result;
  result.model.width = 128;
  result.model.height = 64;
  result.augmentation.scale = {0.8, 1.2};
  result.augmentation.shift = 8;
  return result;
}

/// Batches one after another, as one.
struct Collected {
  std::vector<float> image, confidence, box, mask;
  std::vector<std::string> names;

  void add(const data::Batch& batch) {
    const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
    append(image, batch.image);
    append(confidence, batch.confidence);
    append(box, batch.box);
    append(mask, batch.mask);
    append(names, batch.names);
  }
  bool operator==(const Collected&) const = default;
};

/// The first `steps` global batches, put together from the ranks' shares.
Collected collect(const data::Dataset& dataset, const config::Settings& with, int ranks, int batch, int steps,
                  std::uint64_t first_sample = 0) {
  std::vector<std::unique_ptr<data::Loader>> loaders;
  for (int rank = 0; rank < ranks; ++rank)
    loaders.push_back(std::make_unique<data::Loader>(
        dataset, with,
        data::LoaderPlan{.seed = 5, .rank = rank, .ranks = ranks, .batch = batch, .first_sample = first_sample}));
  Collected all;
  for (int step = 0; step < steps; ++step)
    for (auto& loader : loaders) all.add(loader->next());
  return all;
}

}  // namespace

TEST_CASE("a batch has its shapes, its names and its samples' numbers", "[loader]") {
  const test::ScratchFolder folder;
  const data::Dataset dataset(folder.path(), test::write_frames(folder.path(), 5), "a test");
  data::Loader loader(dataset, settings(), {.seed = 5, .batch = 3, .first_sample = 6});
  const data::Batch& batch = loader.next();
  CHECK(batch.first_sample == 6);
  CHECK(batch.images == 3);
  CHECK(batch.image.size() == 3 * 64 * 128 * 3);
  CHECK(batch.box.size() == 3 * 2 * 4 * 4);
  CHECK(batch.mask.size() == 3 * 2 * 4);
  data::Sampler sampler(5, 5);
  for (std::size_t i = 0; i < 3; ++i) CHECK(batch.names[i] == dataset[sampler.at(6 + i).frame].name);
  CHECK(batch.counts.rectangles == 3);
  CHECK(std::count(batch.confidence.begin(), batch.confidence.end(), 1.0f) == batch.counts.cells);
  CHECK(loader.next().first_sample == 9);
}

TEST_CASE("an epoch shows every frame once, and the next another order", "[loader]") {
  const test::ScratchFolder folder;
  const auto names = test::write_frames(folder.path(), 7);
  const auto all = collect(data::Dataset(folder.path(), names, "a test"), settings(), 1, 2, 7);
  const std::vector<std::string> first(all.names.begin(), all.names.begin() + 7),
      second(all.names.begin() + 7, all.names.end());
  CHECK(std::set<std::string>(first.begin(), first.end()).size() == 7);
  CHECK(std::set<std::string>(second.begin(), second.end()).size() == 7);
  CHECK(first != second);
}

TEST_CASE("batches are the same to the bit for any number of workers, with and without cache", "[loader]") {
  const test::ScratchFolder folder;
  const data::Dataset dataset(folder.path(), test::write_frames(folder.path(), 5), "a test");
  for (const int paste : {0, 3}) {
    auto with = settings();
    with.augmentation.paste = paste;
    const auto one = collect(dataset, with, 1, 4, 6);
    for (const int workers : {2, 3, 7}) {
      with.data.workers = workers;
      with.data.cache = workers == 3 ? "off" : settings().data.cache;
      CHECK(collect(dataset, with, 1, 4, 6) == one);
    }
  }
}

TEST_CASE("the ranks' shares together are the one-rank batch", "[loader]") {
  const test::ScratchFolder folder;
  const data::Dataset dataset(folder.path(), test::write_frames(folder.path(), 5), "a test");
  for (const char* colour : {"batch", "image"}) {
    auto with = settings();
    with.augmentation.colour = colour;
    const auto one = collect(dataset, with, 1, 6, 3);
    for (const int ranks : {2, 3, 4}) CHECK(collect(dataset, with, ranks, 6, 3) == one);
  }
}

TEST_CASE("a loader that starts later goes on with the same batches", "[loader]") {
  const test::ScratchFolder folder;
  const data::Dataset dataset(folder.path(), test::write_frames(folder.path(), 5), "a test");
  auto whole = collect(dataset, settings(), 1, 3, 2);
  const auto rest = collect(dataset, settings(), 2, 3, 3, 6);
  whole.image.insert(whole.image.end(), rest.image.begin(), rest.image.end());
  CHECK(whole.image == collect(dataset, settings(), 1, 3, 5).image);
}

TEST_CASE("colour changes once a batch or once an image", "[loader]") {
  const test::ScratchFolder folder;
  cv::Mat grey(64, 128, CV_8UC3, cv::Scalar::all(128));
  for (const char* name : {"a", "b"}) {
    test::write_frame(folder.path(), name, 128, 64, {});
    io::write_picture(data::image_folder(folder.path()) / (std::string(name) + ".png"), grey);
  }
  const data::Dataset dataset(folder.path(), {"a", "b"}, "a test");
  for (const bool per_image : {false, true}) {
    auto with = settings();
    with.augmentation.colour = per_image ? "image" : "batch";
    const auto all = collect(dataset, with, 1, 2, 2);
    const std::size_t each = all.image.size() / 4;
    CHECK((all.image[0] != all.image[each]) == per_image);
    CHECK(all.image[0] != all.image[2 * each]);
    CHECK(std::abs(all.image[0] - 128) <= 30);
  }
}

TEST_CASE("the run's last batch is what is left, and nothing comes after it", "[loader]") {
  const test::ScratchFolder folder;
  const data::Dataset dataset(folder.path(), test::write_frames(folder.path(), 5), "a test");
  const Collected whole = collect(dataset, settings(), 1, 4, 2);
  for (const int ranks : {1, 2, 3, 4}) {
    std::vector<std::string> names;
    for (int step = 0; step < 3; ++step) {
      for (int rank = 0; rank < ranks; ++rank) {
        data::Loader loader(dataset, settings(),
                            data::LoaderPlan{.seed = 5, .rank = rank, .ranks = ranks, .batch = 4, .end_sample = 6});
        for (int skipped = 0; skipped < step; ++skipped) loader.next();
        const auto& batch = loader.next();
        names.insert(names.end(), batch.names.begin(), batch.names.end());
      }
    }
    CHECK(names == std::vector<std::string>(whole.names.begin(), whole.names.begin() + 6));
  }
}

TEST_CASE("more ranks than images leave some ranks with none", "[loader]") {
  const test::ScratchFolder folder;
  const data::Dataset dataset(folder.path(), test::write_frames(folder.path(), 3), "a test");
  CHECK(collect(dataset, settings(), 4, 2, 3) == collect(dataset, settings(), 1, 2, 3));
  data::Loader last(dataset, settings(), {.seed = 5, .rank = 3, .ranks = 4, .batch = 2});
  CHECK(last.next().images == 0);
}

TEST_CASE("a damaged frame stops the run at its batch, by name", "[loader]") {
  const test::ScratchFolder folder;
  const auto names = test::write_frames(folder.path(), 6);
  const data::Dataset dataset(folder.path(), names, "a test");
  const std::string victim = dataset[data::Sampler(5, 6).at(3).frame].name;
  const fs::path image = data::image_folder(folder.path()) / (victim + ".png");
  write_file_atomically(image, read_file(image).substr(0, 500));
  auto with = settings();
  with.data.workers = 3;
  data::Loader loader(dataset, with, {.seed = 5, .batch = 2});
  loader.next();
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto error = test::caught([&] { loader.next(); });
    CHECK(error.code == ExitCode::data);
    CHECK(error.mentions(victim + ".png: the PNG is truncated"));
  }
}

TEST_CASE("skip: another frame takes the place of one that cannot be read, the same one everywhere", "[loader]") {
  const test::ScratchFolder folder;
  const auto names = test::write_frames(folder.path(), 6);
  write_file_atomically(data::image_folder(folder.path()) / "000002.png", "no picture");
  const data::Dataset dataset(folder.path(), names, "a test");
  auto with = settings();
  with.data.on_error = "skip";
  const auto whole = collect(dataset, with, 1, 6, 4);
  CHECK(std::count(whole.names.begin(), whole.names.end(), "000002") == 0);
  CHECK(collect(dataset, with, 3, 6, 4) == whole);
  with.data.workers = 3;
  with.data.cache = "off";
  CHECK(collect(dataset, with, 2, 6, 4) == whole);

  data::Loader loader(dataset, with, data::LoaderPlan{.seed = 5, .batch = 6});
  for (int epoch = 0; epoch < 3; ++epoch) {
    const data::Batch& batch = loader.next();
    REQUIRE(batch.replaced.size() == 1);
    CHECK(batch.replaced[0].find("000002.png") != std::string::npos);
    CHECK(batch.replaced[0].find("takes its place") != std::string::npos);
  }
}

TEST_CASE("skip: where no frame can be read the run still ends", "[loader]") {
  const test::ScratchFolder folder;
  const auto names = test::write_frames(folder.path(), 2);
  for (const auto& name : names) write_file_atomically(data::image_folder(folder.path()) / (name + ".png"), "no");
  auto with = settings();
  with.data.on_error = "skip";
  data::Loader loader(data::Dataset(folder.path(), names, "a test"), with, data::LoaderPlan{.batch = 1});
  CHECK(test::caught([&] { loader.next(); }).code == ExitCode::data);
}

TEST_CASE("a loader ends after the images in hand, not after the batch", "[loader]") {
  const test::ScratchFolder folder;
  const data::Dataset dataset(folder.path(), test::write_frames(folder.path(), 6), "a test");
  auto with = settings();
  with.data.workers = 2;
  using Clock = std::chrono::steady_clock;
  Clock::duration one_batch{}, ending{};
  for (int i = 0; i < 3; ++i) {
    const auto start = Clock::now();
    auto loader = std::make_unique<data::Loader>(dataset, with, data::LoaderPlan{.batch = 200});
    loader->next();
    const auto ready = Clock::now();  // the workers are in the next batch of 200
    loader.reset();
    one_batch += ready - start;
    ending += Clock::now() - ready;
  }
  CHECK(ending < one_batch / 2);
  const data::Loader unused(dataset, with, {.batch = 200});
}

TEST_CASE("settings that make no sense are refused", "[loader]") {
  const test::ScratchFolder folder;
  const data::Dataset dataset(folder.path(), test::write_frames(folder.path(), 1), "a test");
  const auto refused = [&](auto change) {
    auto with = settings();
    change(with);
    return test::caught([&] { data::Loader(dataset, with, {}); });
  };
  CHECK(refused([](auto& s) { s.data.workers = 0; }).mentions("data.workers: 0"));
  CHECK(refused([](auto& s) { s.augmentation.colour = "no"; }).mentions("augmentation.colour: 'no'"));
  CHECK(refused([](auto& s) { s.augmentation.contrast = {1}; }).mentions("augmentation.contrast"));
  CHECK(refused([](auto& s) { s.augmentation.scale = {0, 1}; }).mentions("augmentation.scale"));
  CHECK(refused([](auto& s) { s.model.width = 100; }).code == ExitCode::usage);
}
