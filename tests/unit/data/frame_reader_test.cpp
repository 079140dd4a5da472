#include <catch2/catch.hpp>

#include "data/frame_reader.hpp"
#include "support/support.hpp"
#include "unit/data/made_frames.hpp"

using namespace fastbox;
namespace fs = std::filesystem;

TEST_CASE("a cached frame is not read again, one that is not cached is", "[frame_reader]") {
  const test::ScratchFolder folder;
  const data::Dataset dataset(folder.path(), test::write_frames(folder.path(), 2), "a test");
  const cv::Mat picture = io::read_frame(dataset[0].image);
  const std::size_t first_only = picture.total() * 3;
  data::FrameReader reader(dataset, data::FrameCache::open(dataset, {.kind = "ram", .limit = first_only})),
      without(dataset);
  REQUIRE(reader.read(0).objects.size() == 3);
  CHECK(reader.read(0).objects[0].box.left == 10);
  CHECK(without.read(0).objects.size() == 3);
  for (const auto& frame : dataset.frames()) fs::remove(frame.image), fs::remove(frame.label);
  CHECK(reader.read(0).objects.size() == 3);
  CHECK(cv::norm(reader.read(0).picture, picture, cv::NORM_INF) == 0);
  CHECK(test::caught([&] { reader.read(1); }).mentions("000001.png: the image is missing"));
  CHECK(test::caught([&] { without.read(0); }).mentions("000000.png: the image is missing"));
}

TEST_CASE("a box partly outside the image is clipped, one wholly outside names its line", "[frame_reader]") {
  const test::ScratchFolder folder;
  test::write_frame(folder.path(), "a", 100, 50, {test::object("Car", -10, 20, 110, 55)});
  data::FrameReader reader(data::Dataset(folder.path(), {"a"}, "a test"));
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
