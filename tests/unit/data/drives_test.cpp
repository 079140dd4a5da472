// Which drive a frame is from, and lists that keep drives whole.

#include "data/drives.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <set>

#include "base/files.hpp"
#include "base/random.hpp"
#include "data/drive_split.hpp"
#include "support/support.hpp"

using namespace fastbox;

namespace {

std::vector<data::DriveFrame> made_frames(const std::vector<int>& sizes) {
  std::vector<data::DriveFrame> frames;
  Random random(3, Purpose::scene);
  for (std::size_t drive = 0; drive < sizes.size(); ++drive)
    for (int i = 0; i < sizes[drive]; ++i)
      frames.push_back(
          {"frame-" + std::to_string(frames.size()),
           "drive-" + std::to_string(drive),
           {{"Car", random.below(5)}, {"Pedestrian", drive % 7 == 0 ? 4 : random.below(2)}, {"DontCare", 1}}});
  return frames;
}

std::set<std::string> drives_of(const std::vector<std::string>& names, const std::vector<data::DriveFrame>& frames) {
  std::set<std::string> drives;
  for (const auto& name : names) drives.insert(std::ranges::find(frames, name, &data::DriveFrame::name)->drive);
  return drives;
}

}  // namespace

TEST_CASE("the development kit's two files, and a table", "[drives]") {
  const test::ScratchFolder folder;
  const auto mapping = folder / "train_mapping.txt";
  write_file_atomically(mapping,
                        "2011_09_26 2011_09_26_drive_0005_sync 0000000109\n"
                        "2011_09_26 2011_09_26_drive_0009_sync 0000000000\n"
                        "2011_09_28 2011_09_28_drive_0106_sync 0000000048\n");
  CHECK(test::caught([&] { data::read_drives(mapping); }).mentions("train_rand.txt"));
  write_file_atomically(folder / "train_rand.txt", "3,1,2\n");
  const auto drives = data::read_drives(mapping);
  REQUIRE(drives.size() == 3);
  CHECK(drives.at("000000").drive == "2011_09_28_drive_0106_sync");
  CHECK(drives.at("000000").number == 48);
  CHECK(drives.at("000001").number == 109);
  CHECK(drives.at("000002").drive == "2011_09_26_drive_0009_sync");

  const auto table = folder / "drives.tsv";
  write_file_atomically(table, "000000\t2011_09_28_drive_0106_sync\t48\nx\tone\t7\n");
  CHECK(data::read_drives(table).at("000000").number == 48);
  CHECK(data::read_drives(table).at("x").drive == "one");
}

TEST_CASE("bad files of drives are refused by line", "[drives]") {
  const test::ScratchFolder folder;
  const auto file = folder / "train_mapping.txt";
  const auto refused = [&](const std::string& text, const std::string& order, const std::string& why) {
    write_file_atomically(file, text);
    write_file_atomically(folder / "train_rand.txt", order);
    const auto caught = test::caught([&] { data::read_drives(file); });
    CAPTURE(caught.message);
    CHECK(caught.code == ExitCode::data);
    CHECK(caught.mentions(why));
  };
  const std::string good = "d drive 1\nd drive 2\n";
  refused("", "", "train_mapping.txt: names no frame");
  refused("d drive\n", "1", "train_mapping.txt:1: 2 columns");
  refused("d drive 1\nd drive x\n", "1,2", "train_mapping.txt:2: 'x'");
  refused(good, "1,3", "train_rand.txt: number 2 is '3'");
  refused(good, "0", "train_rand.txt: number 1 is '0'");
  refused(good, "2,2", "train_rand.txt: number 2: line 2 is named twice");
  refused("a\tdrive\t1\na\tdrive\t2\n", "", "train_mapping.txt:2: frame a is there twice");
  refused("a\tdrive\t1\nb\tdrive\n", "", "train_mapping.txt:2: 2 columns");
}

TEST_CASE("a split keeps drives whole, and its share is the nearest possible", "[drives]") {
  const auto frames = made_frames({50, 3, 40, 7, 19, 2, 33, 11, 5, 29});
  for (const double share : {0.1, 0.3, 0.5}) {
    const auto split = data::split_by_drive(frames, share, 1);
    CHECK(split.train.frames.size() + split.val.frames.size() == frames.size());
    const auto train = drives_of(split.train.frames, frames), val = drives_of(split.val.frames, frames);
    CHECK(train.size() == split.train.drives);
    CHECK(val.size() == split.val.drives);
    CHECK(split.train.drives + split.val.drives == 10);
    for (const auto& drive : val) CHECK(train.count(drive) == 0);
    // Of 199 frames: 11 + 7 + 2, 50 + 7 + 3, 50 + 40 + 7 + 2.
    const double wanted = share * 199;
    CHECK(std::abs(static_cast<double>(split.val.frames.size()) - wanted) <= 0.5);
    CHECK(std::is_sorted(split.val.frames.begin(), split.val.frames.end()));
  }
}

TEST_CASE("where drives are few, the nearest share is still not near", "[drives]") {
  const auto split = data::split_by_drive(made_frames({60, 40}), 0.1, 1);
  CHECK(split.val.frames.size() == 40);  // an empty list is no list
  CHECK(data::split_by_drive(made_frames({60, 40}), 0.9, 1).val.frames.size() == 60);
  const auto caught = test::caught([&] { data::split_by_drive(made_frames({9}), 0.3, 1); });
  CHECK(caught.code == ExitCode::data);
  CHECK(caught.mentions("expected two drives or more"));
}

TEST_CASE("the same seed gives the same split in any order of frames, and classes are balanced", "[drives]") {
  auto frames = made_frames(std::vector<int>(60, 10));
  const auto split = data::split_by_drive(frames, 0.3, 7);
  CHECK(split.val.frames.size() == 180);
  std::reverse(frames.begin(), frames.end());
  CHECK(data::split_by_drive(frames, 0.3, 7).val.frames == split.val.frames);
  CHECK(data::split_by_drive(frames, 0.3, 8).val.frames != split.val.frames);
  // Every seventh drive has most of the pedestrians: a split by chance would often be far from 30 % of them.
  for (const char* type : {"Car", "Pedestrian"}) {
    const auto val = static_cast<double>(split.val.objects.at(type));
    CHECK(val / (val + static_cast<double>(split.train.objects.at(type))) == Approx(0.3).margin(0.04));
  }
}
