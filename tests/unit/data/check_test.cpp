#include <catch2/catch.hpp>

#include <algorithm>

#include "data/check.hpp"
#include "io/split_list.hpp"
#include "support/support.hpp"
#include "unit/data/made_frames.hpp"

using namespace fastbox;
namespace fs = std::filesystem;

namespace {

bool any_mentions(const std::vector<std::string>& lines, const std::string& text) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const auto& line) { return line.find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("a sound folder has no error, and is counted", "[check]") {
  const test::ScratchFolder folder;
  test::write_frames(folder.path(), 4);
  io::write_split_list(folder / "splits/train.txt", {"000000", "000003"});
  const auto report = data::check_data(folder.path(), 2);
  CHECK(report.ok());
  CHECK(report.warnings.empty());
  CHECK(report.notes.empty());
  CHECK(report.pairs == 4);
  CHECK(report.objects.at("Car") == 4);
  CHECK(report.sizes.size() == 4);
  const std::string text = data::format_report(report);
  CHECK(text.find("4 images, 4 labels, 4 frames with both\n") != std::string::npos);
  CHECK(text.find("Car 4, DontCare 4, Pedestrian 4") != std::string::npos);
  CHECK(text.find("0 errors, 0 warnings\n") != std::string::npos);
}

TEST_CASE("every bad file and line is told, in the order of names", "[check]") {
  const test::ScratchFolder folder;
  test::write_frames(folder.path(), 7);
  const fs::path images = data::image_folder(folder.path()), labels = data::label_folder(folder.path());
  const std::string good = io::format_labels({test::object("Car", 1, 2, 30, 40)});
  write_file_atomically(images / "000000.png", read_file(images / "000000.png").substr(0, 700));
  write_file_atomically(labels / "000001.txt", good + "Car 1 2 3\n" + good + "Car 0 zero 0 1 2 3 4 1 1 1 1 1 1 1\n");
  write_file_atomically(labels / "000002.txt", good + io::format_labels({test::object("Van", 400, 2, 430, 40)}));
  write_file_atomically(labels / "000003.txt", io::format_labels({test::object("Car", -9, 2, 30, 40)}));
  write_file_atomically(labels / "000004.txt", io::format_labels({test::object("Car", 5, 2, 5.5, 40)}));
  fs::remove(labels / "000005.txt");
  write_file_atomically(labels / "000006.txt", "");

  for (const int threads : {1, 3}) {
    const auto report = data::check_data(folder.path(), threads);
    CHECK(!report.ok());
    REQUIRE(report.errors.size() == 5);
    CHECK(report.errors[0].find("000000.png: the PNG is truncated") != std::string::npos);
    CHECK(report.errors[1].find("000001.txt:2: 4 columns, expected 15") != std::string::npos);
    CHECK(report.errors[2].find("000001.txt:4: column 3 (occluded) is 'zero'") != std::string::npos);
    CHECK(report.errors[3].find("000002.txt:2: the Van box (400 2 430 40) lies outside the image") !=
          std::string::npos);
    CHECK(report.errors[4].find("000005.png: the frame has no label file") != std::string::npos);
    REQUIRE(report.warnings.size() == 2);
    CHECK(report.warnings[0].find("000003.txt:1: the Car box (-9 2 30 40) reaches outside") != std::string::npos);
    CHECK(report.warnings[1].find("000004.txt:1: the Car box (5 2 5.5 40) is less than a pixel") != std::string::npos);
    CHECK(report.objects.at("Car") == 6);  // the good lines of the bad file as well
  }
}

TEST_CASE("labels without an image are one note", "[check]") {
  const test::ScratchFolder folder;
  test::write_frames(folder.path(), 5);
  for (const char* name : {"000001.png", "000002.png", "000003.png"})
    fs::remove(data::image_folder(folder.path()) / name);
  io::write_split_list(folder / "splits/train.txt", {"000000", "000001", "000002"});
  const auto report = data::check_data(folder.path(), 1);
  CHECK(report.ok());
  REQUIRE(report.notes.size() == 1);
  CHECK(report.notes[0].find("3 labels have no image") != std::string::npos);
  REQUIRE(report.warnings.size() == 1);
  CHECK(report.warnings[0].find("train.txt: 2 listed frames have a label but no image") != std::string::npos);
  CHECK(report.warnings[0].find("first: 000001") != std::string::npos);
}

TEST_CASE("lists with unknown or doubled frames, and an empty one, are errors", "[check]") {
  const test::ScratchFolder folder;
  test::write_frames(folder.path(), 2);
  write_file_atomically(folder / "splits/a.txt", "000000\n000009\n");
  write_file_atomically(folder / "splits/b.txt", "000000\n000001\n000000\n");
  write_file_atomically(folder / "splits/c.txt", "\n");
  write_file_atomically(folder / "splits/test.txt", "009999\n");  // of the testing folder
  const auto report = data::check_data(folder.path(), 1);
  REQUIRE(report.errors.size() == 3);
  CHECK(report.errors[0].find("a.txt: 1 listed frame has neither image nor label (first: 000009)") !=
        std::string::npos);
  CHECK(report.errors[1].find("b.txt:3: frame 000000 is listed twice") != std::string::npos);
  CHECK(report.errors[2].find("c.txt: the list is empty") != std::string::npos);
  CHECK(!any_mentions(report.errors, "009999"));
}

TEST_CASE("a folder that is no KITTI root is refused", "[check]") {
  const test::ScratchFolder folder;
  CHECK(test::caught([&] { data::check_data(folder / "none", 1); }).mentions("none: the data root is missing"));
  CHECK(test::caught([&] { data::check_data(folder.path(), 1); }).code == ExitCode::data);
  create_folders(data::image_folder(folder.path()));
  create_folders(data::label_folder(folder.path()));
  CHECK(any_mentions(data::check_data(folder.path(), 1).errors, "no frame has an image and a label"));
}

TEST_CASE("a long report is cut, and says so", "[check]") {
  data::CheckReport report;
  for (int i = 0; i < 30; ++i) report.errors.push_back("x");
  const std::string text = data::format_report(report, 3);
  CHECK(std::count(text.begin(), text.end(), 'x') == 3);
  CHECK(text.find("error: and 27 more\n") != std::string::npos);
  CHECK(text.find("30 errors, 0 warnings\n") != std::string::npos);
}

TEST_CASE("a label file of nothing but bad lines is given up", "[check]") {
  const test::ScratchFolder folder;
  test::write_frames(folder.path(), 1);
  std::string lines;
  for (int i = 0; i < 50'000; ++i)
    lines += "\nx";  // and 50,000 line ends, none of which may be counted again and again
  write_file_atomically(data::label_folder(folder.path()) / "000000.txt", lines);
  const auto report = data::check_data(folder.path(), 1);
  REQUIRE(report.errors.size() == 101);
  CHECK(report.errors[99].find("000000.txt:101: 1 columns, expected 15") != std::string::npos);
  CHECK(report.errors[100].find("000000.txt: not read any further") != std::string::npos);
}

TEST_CASE("a label file of empty lines is read once", "[check]") {
  const test::ScratchFolder folder;
  test::write_frames(folder.path(), 1);
  write_file_atomically(data::label_folder(folder.path()) / "000000.txt", std::string(1'000'000, '\n'));
  CHECK(data::check_data(folder.path(), 1).ok());
}
