// KITTI's zip archives, and the numbers of its frames.

#include "data/import.hpp"

#include <catch2/catch.hpp>

#include "base/files.hpp"
#include "data/frame_numbers.hpp"
#include "support/made_zip.hpp"
#include "support/support.hpp"
#include "unit/data/made_frames.hpp"

using namespace fastbox;
namespace fs = std::filesystem;

namespace {

const std::string calibration =
    "P0: 1 2 3 4 5 6 7 8 9 10 11 12\nP2: 7e+02 0 6e+02 4.5e+01 0 7e+02 1.7e+02 0.2 0 0 1 2.7e-03\n";

/// Archives of four training and two testing frames; the last training frame has no label.
class Archives {
 public:
  Archives() {
    test::write_frames(folder / "made", 4);
    std::vector<test::ZipPart> image_parts = {{"training/", ""}, {"training/image_2/", ""}}, label_parts, calib_parts;
    for (const std::string& name :
         {std::string("000000"), std::string("000001"), std::string("000002"), std::string("000003")}) {
      image_parts.push_back({"training/image_2/" + name + ".png", read_file(made("image_2", name + ".png"))});
      if (name != "000003")
        label_parts.push_back({"training/label_2/" + name + ".txt", read_file(made("label_2", name + ".txt"))});
      calib_parts.push_back({"training/calib/" + name + ".txt", calibration});
    }
    for (const char* name : {"000000", "000002"})
      image_parts.push_back({"testing/image_2/" + std::string(name) + ".png", image_parts[2].bytes});
    label_parts.push_back({"readme.txt", "x"});
    test::write_zip(images, image_parts);
    test::write_zip(labels, label_parts);
    test::write_zip(calib, calib_parts);
  }

  fs::path made(const std::string& part, const std::string& file) const {
    return folder / "made" / "training" / part / file;
  }
  data::ImportOptions all() const {
    data::ImportOptions options;
    options.archives = {images, labels, calib};
    options.root = root;
    return options;
  }

  test::ScratchFolder folder;
  const fs::path images = folder / "images.zip", labels = folder / "labels.zip", calib = folder / "calib.zip",
                 root = folder / "kitti";
};

std::size_t files_below(const fs::path& folder) {
  if (!fs::exists(folder)) return 0;
  return static_cast<std::size_t>(std::count_if(fs::recursive_directory_iterator(folder), {},
                                                [](const auto& entry) { return entry.is_regular_file(); }));
}

bool any_mentions(const std::vector<std::string>& lines, const std::string& text) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const auto& line) { return line.find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("archives become KITTI's folders", "[import]") {
  const Archives archives;
  auto options = archives.all();
  std::vector<std::int64_t> steps;
  options.progress = [&](std::int64_t done, std::int64_t total) {
    CHECK(total == 13);
    steps.push_back(done);
  };
  const auto report = data::import_archives(options);
  CHECK(report.written == 13);
  CHECK(steps.size() == 13);
  CHECK(report.kept == 0);
  CHECK(report.other_entries == 1);
  CHECK(report.folders.at("training/image_2").archived == 4);
  CHECK(report.folders.at("training/label_2").there == 3);
  CHECK(report.folders.at("testing/image_2").there == 2);
  CHECK(read_file(archives.root / "training/image_2/000001.png") == read_file(archives.made("image_2", "000001.png")));
  CHECK(read_file(archives.root / "training/calib/000003.txt") == calibration);
  CHECK(files_below(archives.root) == 13);  // readme.txt is left out
  REQUIRE(report.errors.size() == 1);
  CHECK(report.errors[0].find("1 images have no label: 000003") != std::string::npos);
  CHECK(any_mentions(report.notes,
                     "testing/image_2: 7516 of KITTI's 7518 frames are not there: 000001, 000003 to 007517"));
  CHECK(data::format_import(report).find("training/image_2: 4 in the archives, 4 in the folder\n") !=
        std::string::npos);
}

TEST_CASE("an import goes on where it was, and never writes over what differs", "[import]") {
  const Archives archives;
  data::import_archives(archives.all());
  const fs::path image = archives.root / "training/image_2/000000.png",
                 label = archives.root / "training/label_2/000001.txt";
  fs::remove(image);
  write_file_atomically(archives.root / "training/image_2/000000.png.incomplete-999999999", "x");  // of no process
  const auto kept_since = fs::last_write_time(label);
  auto report = data::import_archives(archives.all());
  CHECK(report.written == 1);
  CHECK(report.kept == 12);
  CHECK(fs::exists(image));
  CHECK(fs::last_write_time(label) == kept_since);
  CHECK(files_below(archives.root) == 13);

  const std::string mine = io::format_labels({test::object("Van", 1, 2, 30, 40)});
  write_file_atomically(label, mine);
  fs::remove(image);
  const auto caught = test::caught([&] { data::import_archives(archives.all()); });
  CHECK(caught.code == ExitCode::data);
  CHECK(caught.mentions(label.string() + ": differs from the archive's file; nothing is unpacked"));
  CHECK(read_file(label) == mine);
  CHECK_FALSE(fs::exists(image));
  auto options = archives.all();
  options.replace = true;
  report = data::import_archives(options);
  CHECK(report.written == 2);
  CHECK(read_file(label) == read_file(archives.made("label_2", "000001.txt")));
}

TEST_CASE("files that are not what their folder holds are told and left out", "[import]") {
  const Archives archives;
  test::write_zip(archives.images, {{"training/image_2/000000.png", "no PNG"}, {"training/image_2/000001.png", ""}});
  test::write_zip(archives.labels,
                  {{"training/label_2/000000.txt", "Car 1 2 3\n"}, {"training/label_2/000001.txt", ""}});
  test::write_zip(archives.calib,
                  {{"training/calib/000000.txt", "P0: 1\n"}, {"training/calib/000001.txt", "P2: 1 2\n"}});
  const auto report = data::import_archives(archives.all());
  CHECK(report.errors.size() == 5);
  CHECK(any_mentions(report.errors, "images.zip: training/image_2/000000.png: "));
  CHECK(any_mentions(report.errors, "labels.zip: training/label_2/000000.txt:1: 4 columns"));
  CHECK(any_mentions(report.errors, "000000.txt: has no line P2"));
  CHECK(any_mentions(report.errors, "000001.txt: P2 has 2 columns"));
  CHECK(files_below(archives.root) == 1);
  CHECK(fs::exists(archives.root / "training/label_2/000001.txt"));  // empty: a frame without objects
}

TEST_CASE("nothing leaves the folder, and nothing is written where an archive is bad", "[import]") {
  const Archives archives;
  for (const char* name : {"../escaped.txt", "training/label_2/../../../escaped.txt"}) {
    test::write_zip(archives.labels, {{name, "x"}});
    CHECK(test::caught([&] { data::import_archives(archives.all()); }).mentions("leads out of the folder"));
  }
  CHECK(files_below(archives.root) == 0);
  CHECK_FALSE(fs::exists(archives.folder / "escaped.txt"));

  test::write_zip(archives.labels, {{"training/image_2/000000.png", "another"}});
  CHECK(test::caught([&] { data::import_archives(archives.all()); }).mentions("000000.png differs from the one in"));
  auto options = archives.all();
  options.archives = {archives.labels};
  test::write_zip(archives.labels, {{"velodyne/000000.bin", "x"}});
  CHECK(test::caught([&] { data::import_archives(options); }).mentions("holds nothing of KITTI's object data"));
  CHECK(files_below(archives.root) == 0);
}

TEST_CASE("numbers that lack, and how they are told", "[import]") {
  CHECK(data::frame_number(42) == "000042");
  CHECK(data::missing_numbers({"000001", "000004", "x"}, 6) ==
        std::vector<std::string>{"000000", "000002", "000003", "000005"});
  CHECK(data::missing_numbers({}, 0).empty());
  CHECK(data::runs_of_numbers({}).empty());
  CHECK(data::runs_of_numbers({"000003", "000007", "000008", "000009", "000020", "000021", "b", "c"}) ==
        "000003, 000007 to 000009, 000020, 000021, b, c");
  CHECK(data::runs_of_numbers({"000001", "000003", "000005", "000006", "000008"}, 2) == "000001, 000003 and 3 more");
}
