#include <catch2/catch.hpp>

#include "base/files.hpp"
#include "base/text.hpp"
#include "eval/evaluate_folder.hpp"
#include "support/support.hpp"

using namespace fastbox;
using namespace fastbox::eval;

namespace {

const std::string car = "Car 0 0 0 100 100 200 200 1 1 1 0 0 0 0";

/// Labels of frames 1, 2 and 3, results of 1 and 2.
class Folders {
 public:
  Folders() {
    for (const char* name : {"000001", "000002", "000003"}) write("labels", name, car + "\n");
    for (const char* name : {"000001", "000002"}) write("results", name, car + " 0.5\n");
    options.predictions = folder_ / "results";
    options.labels = folder_ / "labels";
  }
  void write(const std::string& kind, const std::string& name, const std::string& text) {
    write_file_atomically(folder_.path() / kind / (name + ".txt"), text);
  }
  void list(const std::string& text) {
    write_file_atomically(folder_ / "list.txt", text);
    options.split = folder_ / "list.txt";
  }
  const test::ScratchFolder& root() const { return folder_; }
  FolderOptions options;

 private:
  test::ScratchFolder folder_;
};

std::string names_of(const std::vector<FrameObjects>& frames) {
  std::vector<std::string> names;
  for (const auto& frame : frames) names.push_back(frame.name);
  return join(names, " ");
}

}  // namespace

TEST_CASE("without a list the frames are those with a result file", "[evaluate_folder]") {
  Folders folders;
  const auto found = read_folder(folders.options);
  CHECK(names_of(found.frames) == "000001 000002");
  CHECK(found.frames[0].labels.size() == 1);
  CHECK(found.frames[0].detections.at(0).score == 0.5);
  CHECK(found.not_listed.empty());
  const KittiResult result = evaluate_folder(folders.options);
  CHECK(result.frames == 2);
  CHECK(result.classes[0][0].ground_truths == 2);
  CHECK(result.classes[0][0].ap40 == Approx(2.5));  // two of the slots 0 .. 40
}

TEST_CASE("a list chooses and orders, and result files outside it are named", "[evaluate_folder]") {
  Folders folders;
  folders.write("results", "000003", "");
  folders.list("000003\n000001\n");
  const auto found = read_folder(folders.options);
  CHECK(names_of(found.frames) == "000003 000001");
  CHECK(found.frames[0].detections.empty());
  CHECK(found.not_listed == std::vector<std::string>{"000002"});
  CHECK(evaluate_folder(folders.options).classes[0][1].ground_truths == 2);
}

TEST_CASE("a missing result file is an error naming it, or counts as empty", "[evaluate_folder]") {
  Folders folders;
  folders.list("000001\n000002\n000003\n");
  const auto error = test::caught([&] { read_folder(folders.options); });
  CHECK(error.code == ExitCode::data);
  CHECK(error.mentions("no result file for 1 of 3 listed frames, expected 000003.txt"));
  folders.options.missing_as_empty = true;
  const auto found = read_folder(folders.options);
  CHECK(names_of(found.frames) == "000001 000002 000003");
  CHECK(found.taken_as_empty == std::vector<std::string>{"000003"});
  CHECK(found.frames[2].detections.empty());
  CHECK(found.frames[2].labels.size() == 1);
}

TEST_CASE("a missing label is named", "[evaluate_folder]") {
  Folders folders;
  folders.write("results", "000009", "");
  const auto error = test::caught([&] { read_folder(folders.options); });
  CHECK(error.code == ExitCode::data);
  CHECK(error.mentions("000009.txt"));
}

TEST_CASE("the first bad line is named, however many threads read", "[evaluate_folder]") {
  Folders folders;
  folders.write("results", "000001", car + " 0.5\n" + car + "\n");
  folders.write("results", "000002", car + " nan\n");
  for (const int threads : {1, 4}) {
    folders.options.threads = threads;
    const auto error = test::caught([&] { read_folder(folders.options); });
    CHECK(error.code == ExitCode::data);
    CHECK(error.mentions("000001.txt:2: 15 columns, expected 16"));
  }
  folders.write("results", "000001", "");
  CHECK(test::caught([&] { read_folder(folders.options); }).mentions("000002.txt:1: column 16 (score) is 'nan'"));
}

TEST_CASE("other things in the folder are named and not read", "[evaluate_folder]") {
  Folders folders;
  write_file_atomically(folders.root().path() / "results/stats.json", "{}");
  create_folders(folders.root().path() / "results/plot.txt");
  const auto found = read_folder(folders.options);
  CHECK(names_of(found.frames) == "000001 000002");
  CHECK(found.not_results == std::vector<std::string>{"plot.txt", "stats.json"});
}

TEST_CASE("folders that are missing or empty are named", "[evaluate_folder]") {
  Folders folders;
  const auto with = [&](const std::string& predictions, const std::string& labels) {
    FolderOptions options;
    options.predictions = folders.root() / predictions;
    options.labels = folders.root() / labels;
    return test::caught([&] { read_folder(options); });
  };
  CHECK(with("nowhere", "labels").mentions("nowhere: expected a folder of result files"));
  CHECK(with("results", "nowhere").mentions("nowhere: expected a folder of label files"));
  create_folders(folders.root() / "empty");
  CHECK(with("empty", "labels").code == ExitCode::data);
  CHECK(with("empty", "labels").mentions("empty: no result file"));
}

TEST_CASE("a KITTI-sized label that no list frame names is never opened", "[evaluate_folder]") {
  Folders folders;
  folders.write("labels", "000777", "this is no label\n");
  CHECK(read_folder(folders.options).frames.size() == 2);
}
