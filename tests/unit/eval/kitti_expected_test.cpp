// Against the official evaluator's own figures for two real detection sets.
#include <catch2/catch.hpp>

#include <chrono>
#include <map>

#include "base/files.hpp"
#include "eval/evaluate_folder.hpp"
#include "eval/matching.hpp"
#include "support/support.hpp"

using namespace fastbox;
using namespace fastbox::eval;

namespace {

struct Expected {
  double ap11 = 0, ap40 = 0;
  std::vector<double> precision;
};

/// Lines "car det easy AP11 x AP40 y P41 41 numbers"; those of the orientation ("aos") and of absent classes
/// are left out. Key: "car easy".
std::map<std::string, Expected> read_expected(const std::filesystem::path& file) {
  const auto number = [](std::string_view text) {
    double value = 0;
    REQUIRE(parse_double(text, value));
    return value;
  };
  std::map<std::string, Expected> all;
  const std::string text = read_file(file);
  for (const auto line : split(text, '\n')) {
    const auto columns = split_columns(line);
    if (columns.size() != 8 + slot_count || columns[1] != "det") continue;
    Expected& one = all[concat(columns[0], " ", columns[2])];
    one.ap11 = number(columns[4]);
    one.ap40 = number(columns[6]);
    for (std::size_t i = 0; i < slot_count; ++i) one.precision.push_back(number(columns[8 + i]));
  }
  return all;
}

void compare(const std::string& set, const std::string& suffix, Evaluator evaluator, std::size_t classes) {
  const auto kitti = test::shared_folder() / "kitti";
  SKIP_UNLESS(std::filesystem::exists(kitti / "detections/expected"), "no KITTI detections in the shared folder");
  const auto expected = read_expected(kitti / "detections/expected" / (set + "." + suffix + ".txt"));
  REQUIRE(expected.size() == classes * difficulty_count);
  FolderOptions folder;
  folder.predictions = kitti / "detections" / set;
  folder.labels = kitti / "training/label_2";
  const KittiResult result = evaluate_folder(folder, evaluator);
  for (std::size_t c = 0; c < kitti_class_count; ++c) {
    CHECK(result.detected[c] == (c < classes));
    for (std::size_t d = 0; c < classes && d < difficulty_count; ++d) {
      INFO(set << " " << suffix << " " << kitti_class_names[c] << " " << difficulty_names[d]);
      const Expected& one = expected.at(concat(kitti_class_names[c], " ", difficulty_names[d]));
      const AveragePrecision& ours = result.classes[c][d];
      CHECK(std::abs(ours.ap11 - one.ap11) < 1e-11);
      CHECK(std::abs(ours.ap40 - one.ap40) < 1e-11);
      for (std::size_t i = 0; i < slot_count; ++i) {
        INFO("slot " << i);
        CHECK(std::abs(ours.precision[i] - one.precision[i]) < 1e-12);
      }
    }
  }
}

}  // namespace

TEST_CASE("all precisions of three classes are the official evaluator's", "[kitti_expected]") {
  compare("fpointnet_rgb_val", "E3_current", Evaluator::kitti2017, 3);
  compare("fpointnet_rgb_val", "E2_2017a", Evaluator::kitti2017a, 3);
  compare("fpointnet_rgb_val", "E1_2012", Evaluator::kitti2012, 3);
}

TEST_CASE("all precisions of KittiBox's own detections are the official evaluator's", "[kitti_expected]") {
  compare("kittibox_481", "E3_current", Evaluator::kitti2017, 1);
  compare("kittibox_481", "E2_2017a", Evaluator::kitti2017a, 1);
  compare("kittibox_481", "E1_2012", Evaluator::kitti2012, 1);
}

TEST_CASE("KittiBox's printed figures and numbers of ground truths", "[kitti_expected]") {
  const auto kitti = test::shared_folder() / "kitti";
  SKIP_UNLESS(std::filesystem::exists(kitti / "detections/kittibox_481"), "no KITTI detections in the shared folder");
  FolderOptions folder;
  folder.predictions = kitti / "detections/kittibox_481";
  folder.labels = kitti / "training/label_2";
  const auto car = evaluate_folder(folder, Evaluator::kitti2012).classes[0];
  // docs: "Evaluation as KittiBox prints it"
  CHECK(car[0].mean41 == Approx(88.88).margin(0.005));
  CHECK(car[1].mean41 == Approx(78.87).margin(0.005));
  CHECK(car[2].mean41 == Approx(63.06).margin(0.005));
  CHECK(car[0].ground_truths == 398);
  CHECK(car[1].ground_truths == 1028);
  CHECK(car[2].ground_truths == 1471);
}

TEST_CASE("frames shared out and merged in another order give the same digits", "[kitti_expected]") {
  const auto kitti = test::shared_folder() / "kitti";
  SKIP_UNLESS(std::filesystem::exists(kitti / "detections/fpointnet_rgb_val"),
              "no KITTI detections in the shared folder");
  FolderOptions folder;
  folder.predictions = kitti / "detections/fpointnet_rgb_val";
  folder.labels = kitti / "training/label_2";
  const auto frames = read_folder(folder).frames;
  REQUIRE(frames.size() == 3769);
  const auto start = std::chrono::steady_clock::now();
  const KittiResult whole = evaluate(frames);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::cout << "evaluation of 3769 frames: " << seconds.count() << " s\n";
  CHECK(seconds.count() < 5);  // 0.03 s when the machine is idle and the build optimised

  const std::span<const FrameObjects> all(frames);
  const std::size_t cuts[] = {0, 1000, 1001, 3000, frames.size()};
  std::vector<Matcher> ranks;
  for (int r = 3; r >= 0; --r) ranks.emplace_back(all.subspan(cuts[r], cuts[r + 1] - cuts[r]), Evaluator::kitti2017);
  FirstPass found;
  for (const auto& rank : ranks) found.merge(FirstPass::from_numbers(rank.first_pass().to_numbers()));
  const Thresholds thresholds = sample_thresholds(found);
  Counts counts;
  for (const auto& rank : ranks) counts.merge(rank.second_pass(thresholds));
  const KittiResult merged = average_precision(found, counts, thresholds, Evaluator::kitti2017);
  CHECK(merged.frames == whole.frames);
  for (std::size_t c = 0; c < kitti_class_count; ++c)
    for (std::size_t d = 0; d < difficulty_count; ++d) {
      CHECK(merged.classes[c][d].precision == whole.classes[c][d].precision);
      CHECK(merged.classes[c][d].recall == whole.classes[c][d].recall);
      CHECK(merged.classes[c][d].ap40 == whole.classes[c][d].ap40);
    }
}
