#include <catch2/catch.hpp>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "any_scene.hpp"
#include "base/text.hpp"
#include "eval/worst_frames.hpp"
#include "support/support.hpp"

using namespace fastbox;
using namespace fastbox::eval;
using test::detection;
using test::label;

namespace {

using Places = std::vector<std::size_t>;

const io::Box here{100, 100, 200, 200}, elsewhere{600, 100, 700, 200}, third{300, 100, 400, 200};

std::string names_of(const std::vector<WorstFrame>& worst) {
  std::vector<std::string> names;
  for (const auto& frame : worst) names.push_back(frame.name);
  return join(names, " ");
}

/// Badness and name, sorted: what must not depend on the order of frames.
std::vector<std::pair<double, std::string>> ranking(const std::vector<FrameObjects>& frames) {
  std::vector<std::pair<double, std::string>> all;
  for (const auto& frame : worst_frames(frames, Evaluator::kitti2017, {.count = frames.size()}))
    all.emplace_back(frame.badness, frame.name);
  CHECK(std::is_sorted(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first > b.first; }));
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

TEST_CASE("frames by misses plus the scores of false positives", "[worst_frames]") {
  const std::vector<FrameObjects> frames = {
      {"good", {label("Car", here)}, {detection("Car", here, 0.9)}},
      {"false", {label("Car", here)}, {detection("Car", here, 0.9), detection("Car", third, 0.8)}},
      {"missed", {label("Car", here), label("Car", elsewhere)}, {detection("Car", elsewhere, 0.1)}},
      {"both",
       {label("Car", third), label("Car", here)},
       {detection("Car", elsewhere, 0.5), detection("Car", here, 0.2), detection("Car", {0, 0, 50, 50}, 0.25)}},
      {"empty", {}, {}}};
  const auto worst = worst_frames(frames);
  CHECK(names_of(worst) == "both missed false");
  CHECK(worst[0].index == 3);
  CHECK(worst[0].missed == Places{0});
  CHECK(worst[0].false_positives == Places{0, 2});
  CHECK(worst[0].false_scores == 0.75);
  CHECK(worst[0].badness == 1.75);
  CHECK(worst[1].missed == Places{0});
  CHECK(worst[1].false_positives.empty());
  CHECK(worst[1].badness == 1);
  CHECK(worst[2].missed.empty());
  CHECK(worst[2].false_positives == Places{1});
  CHECK(worst[2].badness == 0.8);
  CHECK(names_of(worst_frames(frames, Evaluator::kitti2017, {.count = 2})) == "both missed");
}

TEST_CASE("equally bad frames stay in order", "[worst_frames]") {
  std::vector<FrameObjects> frames;
  for (const char* name : {"c", "a", "b"}) frames.push_back({name, {label("Car", here)}, {}});
  frames.push_back({"any", {}, {detection("Car", here, 0.3)}});
  CHECK(names_of(worst_frames(frames)) == "c a b any");
  std::vector<FrameObjects> many(100, frames[3]);
  for (std::size_t f = 0; f < many.size(); f += 3) many[f] = {"worse", {label("Car", here)}, {}};
  const auto worst = worst_frames(many, Evaluator::kitti2017, {.count = many.size()});
  REQUIRE(worst.size() == many.size());
  for (std::size_t i = 1; i < worst.size(); ++i)
    CHECK((worst[i].index > worst[i - 1].index) == (worst[i].name == worst[i - 1].name));
}

TEST_CASE("what the evaluator ignores is no error", "[worst_frames]") {
  const io::Box small{500, 100, 600, 120};
  const std::vector<FrameObjects> frames = {
      {"ignored",
       {label("Car", here, 2), label("Van", elsewhere), label("DontCare", third, -1, -1), label("Car", small),
        label("Truck", {800, 100, 900, 200})},
       {detection("Car", elsewhere, 0.9), detection("Car", third, 0.9), detection("Car", {0, 0, 100, 20}, 0.9)}}};
  CHECK(worst_frames(frames).empty());
  const auto hard = worst_frames(frames, Evaluator::kitti2017, {.difficulty = 2});
  REQUIRE(hard.size() == 1);
  CHECK(hard[0].missed == Places{0});
  const auto error = test::caught([&] { worst_frames(frames, Evaluator::kitti2017, {.difficulty = 3}); });
  CHECK(error.mentions("difficulty 3, expected 0, 1 or 2"));
}

TEST_CASE("only classes that some detection names are judged, and those that are asked for", "[worst_frames]") {
  std::vector<FrameObjects> frames = {{"walk", {label("Pedestrian", here), label("Cyclist", elsewhere)}, {}},
                                      {"drive", {label("Car", here)}, {detection("Car", elsewhere, 0.6)}}};
  CHECK(names_of(worst_frames(frames)) == "drive");
  frames[1].detections.push_back(detection("Pedestrian", third, 0.3));
  const auto worst = worst_frames(frames);
  CHECK(names_of(worst) == "drive walk");
  CHECK(worst[0].false_positives == Places{0, 1});
  CHECK(worst[0].false_scores == Approx(0.9).epsilon(1e-14));
  CHECK(worst[1].missed == Places{0});
  const auto pedestrians = worst_frames(frames, Evaluator::kitti2017, {.classes = {false, true, false}});
  CHECK(names_of(pedestrians) == "walk drive");
  CHECK(pedestrians[1].false_positives == Places{1});
}

TEST_CASE("scores of 0 or less add nothing, those above 1 weigh as they are", "[worst_frames]") {
  const std::vector<FrameObjects> frames = {
      {"unsure", {label("Car", here)}, {detection("Car", third, -5), detection("Car", elsewhere, 0.25)}},
      {"sure", {}, {detection("Car", here, 4)}},
      {"low", {}, {detection("Car", here, -1e9)}}};
  const auto worst = worst_frames(frames);
  CHECK(names_of(worst) == "sure unsure low");
  CHECK(worst[0].badness == 4);
  CHECK(worst[1].badness == 1.25);
  CHECK(worst[1].false_positives == Places{0, 1});
  CHECK(worst[2].badness == 0);
  CHECK(worst[2].false_positives == Places{0});
}

TEST_CASE("all frames' errors are the second pass's at no threshold", "[worst_frames]") {
  std::int64_t errors = 0;
  for (int scene = 0; scene < 100; ++scene) {
    Random random(51, Purpose::scene, static_cast<std::uint64_t>(scene));
    const auto frames = test::any_scene(scene, random);
    const std::array<double, 1> all = {-1e300};
    for (const auto evaluator : {Evaluator::kitti2017, Evaluator::kitti2017a, Evaluator::kitti2012}) {
      const Matcher matcher(frames, evaluator);
      for (std::size_t d = 0; d < difficulty_count; ++d) {
        std::int64_t misses = 0, false_positives = 0;
        for (std::size_t c = 0; c < kitti_class_count; ++c) {
          if (!matcher.detected(c)) continue;
          misses += matcher.count(c, d, all)[0].misses;
          false_positives += matcher.count(c, d, all)[0].false_positives;
        }
        for (const auto& frame : worst_frames(frames, evaluator, {.count = frames.size(), .difficulty = d})) {
          misses -= std::ssize(frame.missed);
          false_positives -= std::ssize(frame.false_positives);
          errors += std::ssize(frame.missed) + std::ssize(frame.false_positives);
          for (const auto i : frame.missed) CHECK(i < frames[frame.index].labels.size());
          for (const auto j : frame.false_positives) CHECK(j < frames[frame.index].detections.size());
        }
        CHECK(misses == 0);
        CHECK(false_positives == 0);
      }
    }
  }
  CHECK(errors > 1000);
}

TEST_CASE("a matcher's errors at a threshold are as many as it counts", "[worst_frames]") {
  for (int scene = 0; scene < 50; ++scene) {
    Random random(53, Purpose::scene, static_cast<std::uint64_t>(scene));
    const auto frames = test::any_scene(scene, random);
    const Matcher matcher(frames, Evaluator::kitti2017);
    const std::array<double, 3> thresholds = {0.6, 0.35, 0};
    for (std::size_t c = 0; c < kitti_class_count; ++c) {
      const auto counts = matcher.count(c, 1, thresholds);
      for (std::size_t i = 0; i < thresholds.size(); ++i) {
        std::int64_t misses = 0, false_positives = 0;
        for (const auto& frame : matcher.errors(c, 1, thresholds[i])) {
          misses += std::ssize(frame.missed);
          false_positives += std::ssize(frame.false_positives);
        }
        CHECK(misses == counts[i].misses);
        CHECK(false_positives == counts[i].false_positives);
      }
    }
  }
}

TEST_CASE("the order of frames matters only among equally bad ones", "[worst_frames]") {
  for (int scene = 0; scene < 100; ++scene) {
    Random random(52, Purpose::scene, static_cast<std::uint64_t>(scene));
    auto frames = test::any_scene(scene, random);
    const auto before = ranking(frames);
    test::shuffle(random, frames);
    CHECK(ranking(frames) == before);
  }
}

TEST_CASE("the worst frames as a table and as JSON", "[worst_frames]") {
  const std::vector<FrameObjects> frames = {
      {"000042", {label("Car", here)}, {detection("Car", third, 0.5), detection("Car", elsewhere, 0.25)}}};
  const auto worst = worst_frames(frames);
  std::vector<std::string> words;
  const std::string table = worst_frames_table(worst);
  for (const auto word : split_columns(split(table, '\n')[1])) words.emplace_back(word);
  CHECK(join(words, " ") == "000042 1.75 1 2 0.75");
  CHECK(worst_frames_json(worst).dump() ==
        R"([{"frame":"000042","badness":1.75,"misses":1,"false_positives":2,"false_scores":0.75,)"
        R"("missed_labels":[0],"false_detections":[0,1]}])");
  CHECK(worst_frames_json({}).dump() == "[]");
}
