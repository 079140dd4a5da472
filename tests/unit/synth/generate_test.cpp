#include "synth/generate.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <stdexcept>

#include "base/files.hpp"
#include "io/image.hpp"
#include "io/split_list.hpp"
#include "support/support.hpp"

using namespace fastbox;
namespace fs = std::filesystem;

namespace {

synth::Options options(const fs::path& folder, int train, int val, std::uint64_t seed, int workers = 1) {
  synth::Options o;
  o.folder = folder, o.train = train, o.val = val, o.seed = seed, o.workers = workers;
  return o;
}

/// Every file below the folder with a hash of its bytes.
std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files[fs::relative(entry.path(), folder).string()] = sha256_of_file(entry.path());
  return files;
}

}  // namespace

TEST_CASE("any number of workers writes the same bytes, in KITTI's layout", "[generate]") {
  const test::ScratchFolder folder;
  int last = 0;
  auto alone = options(folder / "one", 3, 2, 5);
  alone.progress = [&](int done, int total) {
    CHECK(done == ++last);
    CHECK(total == 5);
  };
  synth::generate(alone);
  CHECK(last == 5);
  synth::generate(options(folder / "three", 3, 2, 5, 3));
  const auto files = contents(folder / "one");
  CHECK(files == contents(folder / "three"));

  CHECK(files.size() == 5 + 5 + 2 + 1);
  for (const char* name : {"000000", "000004"}) {
    CHECK(files.count("training/image_2/" + std::string(name) + ".png") == 1);
    CHECK(files.count("training/label_2/" + std::string(name) + ".txt") == 1);
  }
  CHECK(io::read_split_list(folder / "one/splits/train.txt") == std::vector<std::string>{"000000", "000001", "000002"});
  CHECK(io::read_split_list(folder / "one/splits/val.txt") == std::vector<std::string>{"000003", "000004"});

  const synth::Scene scene = synth::render_scene(5, 4);
  const cv::Mat frame = io::read_frame(folder / "one/training/image_2/000004.png");
  CHECK(cv::norm(frame, scene.rgb, cv::NORM_INF) == 0);
  CHECK(io::read_labels(folder / "one/training/label_2/000004.txt").size() == scene.objects.size());
}

TEST_CASE("an interrupted run is finished with the same bytes", "[generate]") {
  const test::ScratchFolder folder;
  synth::generate(options(folder / "whole", 2, 2, 9));
  auto stopped = options(folder / "cut", 2, 2, 9);
  stopped.progress = [](int done, int) {
    if (done == 2) throw std::runtime_error("stop");
  };
  CHECK_THROWS_WITH(synth::generate(stopped), "stop");
  CHECK_FALSE(fs::exists(folder / "cut/synth.json"));
  CHECK(contents(folder / "cut").size() < contents(folder / "whole").size());

  // A kill may fall between an image and its label.
  fs::remove(folder / "cut/training/label_2/000001.txt");
  CHECK(test::caught([&] { synth::generate(options(folder / "cut", 2, 2, 10)); }).code == ExitCode::usage);
  synth::generate(options(folder / "cut", 2, 2, 9));
  CHECK(contents(folder / "cut") == contents(folder / "whole"));
}

TEST_CASE("a complete folder returns at once", "[generate]") {
  const test::ScratchFolder folder;
  synth::generate(options(folder / "a", 1, 1, 1));
  const auto written = fs::last_write_time(folder / "a/training/image_2/000000.png");
  auto again = options(folder / "a", 1, 1, 1);
  again.progress = [](int, int) { FAIL("a frame was made again"); };
  synth::generate(again);
  CHECK(fs::last_write_time(folder / "a/training/image_2/000000.png") == written);
}

TEST_CASE("a folder of another origin is refused", "[generate]") {
  const test::ScratchFolder folder;
  synth::generate(options(folder / "a", 1, 1, 1));
  const auto before = contents(folder / "a");
  for (const auto& other :
       {options(folder / "a", 1, 1, 2), options(folder / "a", 2, 1, 1), options(folder / "a", 1, 2, 1)}) {
    const auto problem = test::caught([&] { synth::generate(other); });
    CHECK(problem.code == ExitCode::usage);
    CHECK(problem.mentions((folder / "a").string()));
    CHECK(problem.mentions("\"seed\":1"));
  }
  CHECK(contents(folder / "a") == before);

  write_file_atomically(folder / "real/training/image_2/000007.png", "x");
  const auto problem = test::caught([&] { synth::generate(options(folder / "real", 1, 1, 1)); });
  CHECK(problem.code == ExitCode::usage);
  CHECK(problem.mentions("did not make"));
  CHECK(contents(folder / "real").size() == 1);

  for (const auto& [train, val] : {std::pair{0, 1}, {1, 0}, {-1, 5}, {2'000'000, 1}}) {
    CHECK(test::caught([&] { synth::generate(options(folder / "none", train, val, 1)); }).code == ExitCode::usage);
    CHECK_FALSE(fs::exists(folder / "none"));
  }
}
