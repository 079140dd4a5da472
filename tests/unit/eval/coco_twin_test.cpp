// COCO's figures against pycocotools, which reads our two files. Skipped without a Python that has it.
#include <catch2/catch.hpp>

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "eval/coco_files.hpp"
#include "eval/coco_precision.hpp"
#include "scenes.hpp"
#include "support/support.hpp"

using namespace fastbox;
using namespace fastbox::eval;

namespace {

constexpr int scenes = 150;

/// A Python that has pycocotools: FASTBOX_PYTHON, or the one beside the LibTorch of this build; empty where there
/// is none.
std::string python_with_pycocotools() {
  const char* named = std::getenv("FASTBOX_PYTHON");
  const std::string python = named != nullptr ? named : FASTBOX_TORCH_PYTHON;
  if (!std::filesystem::exists(python)) return "";
  const bool has_it = std::system(concat("'", python, "' -c 'import pycocotools.cocoeval' 2> /dev/null").c_str()) == 0;
  return has_it ? python : "";
}

template <typename T, std::size_t n>
T one_of(Random& random, const T (&choices)[n]) {
  return choices[random.below(n)];
}

/// On a coarse lattice, so that overlaps tie; sides about the limits of the areas.
io::Box any_box(Random& random) {
  const double sides[] = {8, 20, 31.9, 32, 32, 32.1, 48, 96, 96, 96.3, 150};
  const double left = 16.0 * static_cast<double>(random.below(14)) - 32, top = 0.3 + 8 * random.uniform(0, 1);
  return {left, top, left + one_of(random, sides), top + one_of(random, sides)};
}

io::Box jittered(Random& random, io::Box box) {
  const double shifts[] = {-8, -4, 0, 0, 0, 0, 0.5, 2, 4, 8};
  box.left += one_of(random, shifts);
  box.right += one_of(random, shifts);
  box.bottom += 0.1 * one_of(random, shifts);
  if (random.chance(0.02)) std::swap(box.left, box.right);  // turned inside out
  return box;
}

FrameObjects any_frame(Random& random, const std::string& name, bool is_full) {
  const std::string types[] = {"Car",     "car",     "Van",   "Pedestrian", "Person_sitting",
                               "Cyclist", "CYCLIST", "Truck", "Truck",      "DontCare",
                               "Car",     "Car"};
  FrameObjects frame{name, {}, {}};
  if (random.chance(0.1)) return frame;
  for (auto n = random.below(9); n > 0; --n)
    frame.labels.push_back(test::label(one_of(random, types), any_box(random)));
  for (auto n = is_full ? 250 + random.below(100) : random.below(14); n > 0; --n) {
    const double score = is_full ? random.uniform() : 0.05 * static_cast<double>(random.below(20)) - 0.2;
    if (!frame.labels.empty() && random.chance(0.75)) {
      const auto& near = frame.labels[random.below(frame.labels.size())];
      const std::string type = random.chance(0.7) ? near.type : "Car";
      frame.detections.push_back(test::detection(type, jittered(random, near.box), score));
    } else {
      frame.detections.push_back(test::detection(one_of(random, types), any_box(random), score));
    }
  }
  return frame;
}

/// Every third scene has a frame of more than a hundred cars; frames are not in the order of their ids, and one
/// name is no number.
std::vector<FrameObjects> any_scene(int number) {
  Random random(23, Purpose::scene, static_cast<std::uint64_t>(number));
  std::vector<FrameObjects> frames = {any_frame(random, "night drive", number % 3 == 0)};
  for (auto n = random.below(12); n > 0; --n) frames.push_back(any_frame(random, concat("00000", n), false));
  if (number % 10 == 1)
    for (auto& frame : frames) frame.detections.clear();
  if (number % 10 == 2)
    for (auto& frame : frames) frame.labels.clear();
  return frames;
}

nlohmann::json figures_of_twin(const test::ScratchFolder& folder) {
  const std::string command =
      concat("'", python_with_pycocotools(), "' tests/oracle/coco_twin.py '", folder.path().string(), "'");
  REQUIRE(std::system(command.c_str()) == 0);
  return nlohmann::json::parse(read_file(folder / "twin.json"));
}

/// The number of figures that are neither 0 nor 1 nor unknown.
int compare(const CocoFigures& ours, const std::vector<double>& twin) {
  int telling = 0;
  REQUIRE(twin.size() == coco_figure_count);
  for (std::size_t i = 0; i < coco_figure_count; ++i) {
    INFO("figure " << i << ": " << ours.values[i] << ", pycocotools " << twin[i]);
    CHECK(std::isnan(ours.values[i]) == (twin[i] == -1));
    if (twin[i] == -1) continue;
    CHECK(std::abs(ours.values[i] - twin[i]) < 1e-12);
    telling += twin[i] > 0 && twin[i] < 1;
  }
  return telling;
}

int compare(const CocoResult& ours, const nlohmann::json& twin) {
  int telling = compare(ours.all, twin.at("all"));
  for (std::size_t c = 0; c < kitti_class_count; ++c) {
    INFO(kitti_class_names[c]);
    telling += compare(ours.classes[c], twin.at(std::to_string(c + 1)));
  }
  return telling;
}

}  // namespace

TEST_CASE("COCO's figures of made-up scenes are pycocotools'", "[coco_twin]") {
  SKIP_UNLESS(!python_with_pycocotools().empty(), "no Python with pycocotools (scripts/setup --cuda makes one)");
  log::set_level(log::Level::error);  // each scene has detections of other types
  const test::ScratchFolder folder;
  for (int scene = 0; scene < scenes; ++scene) {
    const auto frames = any_scene(scene);
    write_coco_ground_truth(folder / concat(scene, ".truth.json"), frames);
    write_coco_results(folder / concat(scene, ".results.json"), frames);
  }
  const auto twin = figures_of_twin(folder);
  int telling = 0;
  for (int scene = 0; scene < scenes; ++scene) {
    INFO("scene " << scene);
    telling += compare(coco_precision(coco_frames(any_scene(scene))), twin.at(std::to_string(scene)));
  }
  CHECK(telling > 20 * scenes);  // of 48: the scenes do ask something
}

TEST_CASE("COCO's figures of a foreign result file are pycocotools'", "[coco_twin]") {
  SKIP_UNLESS(!python_with_pycocotools().empty(), "no Python with pycocotools (scripts/setup --cuda makes one)");
  const test::ScratchFolder folder;
  auto frames = any_scene(4);
  frames.erase(frames.begin());
  Random random(29, Purpose::scene);
  nlohmann::json results = nlohmann::json::array();
  FolderOptions options;
  std::string list;
  for (const auto& frame : frames) {
    write_file_atomically(folder.path() / "labels" / (frame.name + ".txt"), io::format_labels(frame.labels));
    list += frame.name + '\n';
    for (const auto& label : frame.labels)
      // Exactly the limits of areas, at places where the right edge rounds.
      results.push_back({{"image_id", coco_image_id(frame.name)},
                         {"category_id", coco_category(label.type).value_or(1)},
                         {"bbox", {label.box.left + random.uniform(), label.box.top, 32, 32}},
                         {"score", random.below(9)},
                         {"segmentation", nlohmann::json::array({{0, 0, 0, 1, 1, 1}})}});
  }
  write_file_atomically(folder / "list.txt", list);
  write_file_atomically(folder / "foreign.results.json", results.dump());
  options.predictions = folder / "foreign.results.json";
  options.labels = folder / "labels";
  options.split = folder / "list.txt";
  const CocoPredictions read = read_coco_predictions(options);
  write_coco_ground_truth(folder / "foreign.truth.json", read.folder.frames);
  const CocoResult ours = coco_precision(read.frames);
  compare(ours, figures_of_twin(folder).at("foreign"));
  const CocoResult rounded = coco_precision(coco_frames(read.folder.frames));
  CHECK(rounded.all.values != ours.all.values);  // why the file's own widths are kept
  CHECK(ours.classes[0][CocoFigure::ar_small] > 0);
}

TEST_CASE("COCO's figures of real detections are pycocotools'", "[coco_twin]") {
  const auto kitti = test::shared_folder() / "kitti";
  SKIP_UNLESS(!python_with_pycocotools().empty(), "no Python with pycocotools (scripts/setup --cuda makes one)");
  SKIP_UNLESS(std::filesystem::exists(kitti / "detections/fpointnet_rgb_val"),
              "no KITTI detections in the shared folder");
  const test::ScratchFolder folder;
  std::array<CocoResult, 2> ours;
  const std::string sets[] = {"fpointnet_rgb_val", "kittibox_481"};
  for (std::size_t i = 0; i < ours.size(); ++i) {
    FolderOptions options;
    options.predictions = kitti / "detections" / sets[i];
    options.labels = kitti / "training/label_2";
    const auto frames = read_folder(options).frames;
    const auto start = std::chrono::steady_clock::now();
    ours[i] = coco_precision(coco_frames(frames));
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    std::cout << sets[i] << ": COCO's figures of " << frames.size() << " frames in " << seconds.count() << " s\n";
    CHECK(seconds.count() < 5);  // 0.05 s when the machine is idle and the build optimised
    write_coco_ground_truth(folder / (sets[i] + ".truth.json"), frames);
    write_coco_results(folder / (sets[i] + ".results.json"), frames);
  }
  const auto twin = figures_of_twin(folder);
  CHECK(compare(ours[0], twin.at(sets[0])) == 48);
  CHECK(compare(ours[1], twin.at(sets[1])) > 20);
}

TEST_CASE("real detections through a COCO result file keep KITTI's and COCO's figures", "[coco_twin]") {
  const auto kitti = test::shared_folder() / "kitti";
  SKIP_UNLESS(std::filesystem::exists(kitti / "detections/fpointnet_rgb_val"),
              "no KITTI detections in the shared folder");
  const test::ScratchFolder folder;
  FolderOptions options;
  options.predictions = kitti / "detections/fpointnet_rgb_val";
  options.labels = kitti / "training/label_2";
  options.split = kitti / "splits/val.txt";
  const auto frames = read_folder(options).frames;
  options.predictions = folder / "results.json";
  const auto start = std::chrono::steady_clock::now();
  write_coco_results(options.predictions, frames);
  const auto written = std::chrono::steady_clock::now();
  const CocoPredictions read = read_coco_predictions(options);
  const auto end = std::chrono::steady_clock::now();
  std::cout << "COCO result file written in " << std::chrono::duration<double>(written - start).count()
            << " s, read with the labels in " << std::chrono::duration<double>(end - written).count() << " s\n";

  const KittiResult before = evaluate(frames), after = evaluate(read.folder.frames);
  CHECK(after.frames == 3769);
  for (std::size_t c = 0; c < kitti_class_count; ++c)
    for (std::size_t d = 0; d < difficulty_count; ++d)
      CHECK(after.classes[c][d].precision == before.classes[c][d].precision);
  CHECK(coco_precision(read.frames).all.values == coco_precision(coco_frames(frames)).all.values);
}
