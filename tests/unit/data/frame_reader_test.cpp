#include <catch2/catch.hpp>

#include "data/frame_reader.hpp"
#include "support/support.hpp"
#include "unit/data/made_frames.hpp"

using namespace fastbox;
namespace fs = std::filesystem;

namespace {

config::DataSettings cache(const std::string& kind, int mib) {
  config::DataSettings settings;
  settings.cache = kind;
  settings.cache_mib = mib;
  return settings;
}

}  // namespace

TEST_CASE("a cached frame is not read again", "[frame_reader]") {
  const test::ScratchFolder folder;
  const auto names = test::write_frames(folder.path(), 2);
  data::FrameReader reader(data::Dataset(folder.path(), names, "a test"), cache("ram", 1));
  const auto first = reader.read(0);
  CHECK(first.picture.cols == 150);
  REQUIRE(first.objects.size() == 3);
  CHECK(first.objects[0].box.left == 10);
  CHECK(reader.cached_bytes() == 150 * 60 * 3);
  fs::remove(data::image_folder(folder.path()) / "000000.png");
  fs::remove(data::label_folder(folder.path()) / "000000.txt");
  CHECK(reader.read(0).objects.size() == 3);
  CHECK(cv::norm(reader.read(0).picture, first.picture, cv::NORM_INF) == 0);
}

TEST_CASE("the cache stops at its limit and can be off", "[frame_reader]") {
  const test::ScratchFolder folder;
  const auto names = test::write_frames(folder.path(), 2);
  const data::Dataset dataset(folder.path(), names, "a test");
  for (const auto& settings : {cache("off", 1), cache("ram", 0)}) {
    data::FrameReader reader(dataset, settings);
    reader.read(0);
    CHECK(reader.cached_bytes() == 0);
  }
  // A MiB holds one picture of 600 x 400 (720,000 bytes), not two.
  test::write_frame(folder.path(), "big0", 600, 400, {});
  test::write_frame(folder.path(), "big1", 600, 400, {});
  data::FrameReader reader(data::Dataset(folder.path(), {"big0", "big1"}, "a test"), cache("ram", 1));
  reader.read(0);
  const auto uncached = reader.read(1);
  CHECK(reader.cached_bytes() == 720'000);
  CHECK(uncached.picture.cols == 600);
  CHECK(test::caught([&] { data::FrameReader(dataset, cache("disk", 1)); }).mentions("data.cache: 'disk'"));
}

TEST_CASE("a box partly outside the image is clipped, one wholly outside names its line", "[frame_reader]") {
  const test::ScratchFolder folder;
  test::write_frame(folder.path(), "a", 100, 50, {test::object("Car", -10, 20, 110, 55)});
  data::FrameReader reader(data::Dataset(folder.path(), {"a"}, "a test"), cache("off", 0));
  const auto box = reader.read(0).objects[0].box;
  CHECK((box.left == 0 && box.top == 20 && box.right == 100 && box.bottom == 50));

  const fs::path label = data::label_folder(folder.path()) / "a.txt";
  write_file_atomically(label, io::format_labels({test::object("Car", 1, 2, 30, 40)}) + "\n" +
                                   io::format_labels({test::object("Car", 100, 2, 130, 40)}));
  const auto outside = test::caught([&] { reader.read(0); });
  CHECK(outside.code == ExitCode::data);
  CHECK(outside.mentions("a.txt:3: the box (100 2 130 40) lies outside the image"));
  CHECK(outside.mentions("100 x 50"));
}

TEST_CASE("a frame for evaluation is resized only, and its labels stay as they are", "[frame_reader]") {
  const test::ScratchFolder folder;
  test::write_frame(folder.path(), "a", 96, 64, {test::object("Car", -10, 20, 110, 55)});
  const data::Dataset dataset(folder.path(), {"a"}, "a test");
  const auto frame = data::load_for_evaluation(dataset[0], 96, 64);
  CHECK(frame.name == "a");
  CHECK(frame.frame_width == 96);
  CHECK(frame.frame_height == 64);
  CHECK(frame.objects.at(0).box.left == -10);
  const cv::Mat picture = io::read_frame(dataset[0].image);
  REQUIRE(frame.image.size() == 96 * 64 * 3);
  for (std::size_t i = 0; i < frame.image.size(); i += 97) CHECK(frame.image[i] == picture.data[i]);
  CHECK(data::load_picture(dataset[0].image, 64, 32).image.size() == 64 * 32 * 3);
}
