#include <catch2/catch.hpp>

#include "data/dataset.hpp"
#include "io/split_list.hpp"
#include "support/support.hpp"
#include "unit/data/made_frames.hpp"

using namespace fastbox;
namespace fs = std::filesystem;

TEST_CASE("a dataset knows where each listed frame lies", "[dataset]") {
  const test::ScratchFolder folder;
  test::write_frames(folder.path(), 3);
  const data::Dataset dataset(folder.path(), {"000002", "000000"}, "a test");
  REQUIRE(dataset.size() == 2);
  CHECK(dataset[0].name == "000002");
  CHECK(fs::exists(dataset[0].image));
  CHECK(fs::exists(dataset[1].label));
}

TEST_CASE("a missing image or label is named with its list and line", "[dataset]") {
  const test::ScratchFolder folder;
  test::write_frames(folder.path(), 3);
  const fs::path list = folder / "list.txt";
  write_file_atomically(list, "# mine\n000000\n000007\n000001\n000008\n");
  const auto open = [&] { data::Dataset(folder.path(), io::read_split_list(list), list.string()); };
  const auto image = test::caught(open);
  CHECK(image.code == ExitCode::data);
  CHECK(image.mentions("training/image_2/000007.png: the image of frame 000007 is missing"));
  CHECK(image.mentions("list.txt:3"));
  CHECK(image.mentions("of 4 frames listed, 2 lack their image: 000007, 000008"));

  write_file_atomically(list, "000000\n000001\n");
  fs::remove(data::label_folder(folder.path()) / "000001.txt");
  CHECK(test::caught(open).mentions("training/label_2/000001.txt: the label of frame 000001 is missing"));
  CHECK(test::caught(open).mentions("list.txt:2"));
}

TEST_CASE("a missing root or folder says what was expected", "[dataset]") {
  const test::ScratchFolder folder;
  const auto none = test::caught([&] { data::Dataset(folder / "none", {"000000"}, "a test"); });
  CHECK(none.code == ExitCode::data);
  CHECK(none.mentions("none: the data root is missing"));
  CHECK(none.mentions("training/image_2/NAME.png"));
  CHECK(
      test::caught([&] { data::Dataset(folder.path(), {"0"}, "a test"); }).mentions("image_2: the folder is missing"));
  create_folders(data::image_folder(folder.path()));
  CHECK(
      test::caught([&] { data::Dataset(folder.path(), {"0"}, "a test"); }).mentions("label_2: the folder is missing"));
  CHECK(test::caught([&] { data::Dataset(folder.path(), {}, "a test"); }).mentions("a test: no frame is listed"));
}

TEST_CASE("data.root must be set and exist", "[dataset]") {
  config::DataSettings settings;
  const auto open = [&] { data::open_dataset(settings, ".", data::Part::train); };
  CHECK(test::caught(open).code == ExitCode::usage);
  CHECK(test::caught(open).mentions("data.root is not set"));
  settings.root = "/nowhere/at/all";
  CHECK(test::caught(open).code == ExitCode::data);
  CHECK(test::caught(open).mentions("/nowhere/at/all: the data root (data.root) is missing"));
}

TEST_CASE("a list is found from the root, then from the run file, or is absolute", "[dataset]") {
  const test::ScratchFolder folder;
  const fs::path root = folder / "root", run = folder / "run";
  test::write_frames(root, 3);
  io::write_split_list(run / "mine.txt", {"000001"});
  config::DataSettings settings;
  settings.root = root.string();
  settings.train = "mine.txt";
  const auto open = [&](data::Part part) { return data::open_dataset(settings, run, part); };
  CHECK(open(data::Part::train)[0].name == "000001");
  io::write_split_list(root / "mine.txt", {"000002"});
  CHECK(open(data::Part::train)[0].name == "000002");
  settings.val = (run / "mine.txt").string();
  CHECK(open(data::Part::val)[0].name == "000001");
  settings.train = "none.txt";
  CHECK(test::caught([&] {
          open(data::Part::train);
        }).mentions("root/none.txt: the list that data.train names is missing"));
  CHECK(test::caught([&] { open(data::Part::train); }).mentions("run/none.txt"));
}

TEST_CASE("without a setting the root's own lists are used, else KittiBox's split", "[dataset]") {
  const test::ScratchFolder folder;
  test::write_frames(folder.path(), 3);
  config::DataSettings settings;
  settings.root = folder.path().string();
  io::write_split_list(folder / "splits/val.txt", {"000002"});
  CHECK(data::open_dataset(settings, ".", data::Part::val)[0].name == "000002");
  const auto kittibox = test::caught([&] { data::open_dataset(settings, ".", data::Part::train); });
  CHECK(kittibox.mentions("000003.png"));
  CHECK(kittibox.mentions("of 7000 frames listed, 6997 lack their image"));
  CHECK(kittibox.mentions("KittiBox's training split"));
}

TEST_CASE("KittiBox's split is 7000 and 481 frames", "[dataset]") {
  const auto train = data::kittibox_split(data::Part::train), val = data::kittibox_split(data::Part::val);
  CHECK(train.size() == 7000);
  CHECK(train.front() == "000000");
  CHECK(train.back() == "006999");
  CHECK(val.size() == 481);
  CHECK(val.front() == "007000");
  CHECK(val.back() == "007480");
}

TEST_CASE("frames in both lists are found", "[dataset]") {
  const test::ScratchFolder folder;
  test::write_frames(folder.path(), 4);
  const data::Dataset train(folder.path(), {"000003", "000000", "000001"}, "train"),
      val(folder.path(), {"000001", "000002", "000003"}, "val");
  CHECK(data::frames_in_both(train, val) == std::vector<std::string>{"000003", "000001"});
}
