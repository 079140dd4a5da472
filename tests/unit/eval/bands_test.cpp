#include <catch2/catch.hpp>

#include <cmath>
#include <nlohmann/json.hpp>

#include "any_scene.hpp"
#include "base/text.hpp"
#include "eval/bands.hpp"
#include "support/support.hpp"

using namespace fastbox;
using namespace fastbox::eval;
using test::detection;
using test::label;

namespace {

constexpr int scenes = 100;
constexpr std::size_t car = 0, cyclist = 2, hard = 2;
constexpr std::array generations = {Evaluator::kitti2017, Evaluator::kitti2017a, Evaluator::kitti2012};

BandsResult of(std::vector<io::Object> labels, std::vector<io::Object> detections,
               Evaluator evaluator = Evaluator::kitti2017) {
  const FrameObjects frame{"made", std::move(labels), std::move(detections)};
  return evaluate_bands(std::span(&frame, 1), evaluator);
}

const AveragePrecision& at(const BandsResult& result, const std::string& group, const std::string& name,
                           std::size_t object_class = car) {
  for (const auto& [band, classes] : result.bands)
    if (band.group == group && band.name == name) return classes[object_class];
  FAIL("no band " << group << " " << name);
  return result.bands[0].classes[0];
}

/// The bands in which one object counts.
std::string counted(const io::Object& object, Evaluator evaluator = Evaluator::kitti2017) {
  std::vector<std::string> names;
  for (const auto& [band, classes] : of({object}, {}, evaluator).bands)
    if (classes[car].ground_truths == 1) names.push_back(band.group[0] + band.name);
  return join(names, " ");
}

io::Box tall(double height, double left = 0) {
  return {left, 0, left + 100, height};
}

bool same(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

bool same(const AveragePrecision& a, const AveragePrecision& b) {
  bool equal = a.ground_truths == b.ground_truths && a.thresholds == b.thresholds && a.recall == b.recall &&
               same(a.ap40, b.ap40) && same(a.ap11, b.ap11) && same(a.mean41, b.mean41);
  for (std::size_t i = 0; i < slot_count; ++i) equal = equal && same(a.precision[i], b.precision[i]);
  return equal;
}

bool same(const BandsResult& a, const BandsResult& b) {
  bool equal = a.frames == b.frames && a.detected == b.detected && a.bands.size() == b.bands.size();
  for (std::size_t i = 0; equal && i < a.bands.size(); ++i)
    for (std::size_t c = 0; c < kitti_class_count; ++c)
      equal = equal && same(a.bands[i].classes[c], b.bands[i].classes[c]);
  return equal;
}

}  // namespace

TEST_CASE("the limits of each band", "[bands]") {
  CHECK(counted(label("Car", tall(25))).empty());
  CHECK(counted(label("Car", tall(25.1))) == "h25-40 o0 t0");
  CHECK(counted(label("Car", tall(50))) == "h40-60 o0 t0");
  CHECK(counted(label("Car", tall(99))) == "h60-100 o0 t0");
  CHECK(counted(label("Car", tall(300))) == "h100- o0 t0");
  CHECK(counted(label("Car", tall(50), 1)) == "h40-60 o1 t0");
  CHECK(counted(label("Car", tall(50), 2)) == "h40-60 o2 t0");
  CHECK(counted(label("Car", tall(50), 3)).empty());
  CHECK(counted(label("Car", tall(50), -1, -1)) == "h40-60 o0 t0");
  CHECK(counted(label("Car", tall(50), 0, 0.01)) == "h40-60 o0 t0-0.15");
  CHECK(counted(label("Car", tall(50), 0, 0.15)) == "h40-60 o0 t0-0.15");
  CHECK(counted(label("Car", tall(50), 0, 0.16)) == "h40-60 o0 t0.15-0.30");
  CHECK(counted(label("Car", tall(50), 0, 0.50)) == "h40-60 o0 t0.30-0.50");
  CHECK(counted(label("Car", tall(50), 0, 0.51)).empty());
  CHECK(counted(label("Van", tall(50))).empty());
}

TEST_CASE("an end between two bands of height goes where the evaluator puts its minimum", "[bands]") {
  CHECK(counted(label("Car", tall(40))) == "h25-40 o0 t0");
  CHECK(counted(label("Car", tall(100))) == "h60-100 o0 t0");
  for (const auto older : {Evaluator::kitti2017a, Evaluator::kitti2012}) {
    CHECK(counted(label("Car", tall(25)), older) == "h25-40 o0 t0");
    CHECK(counted(label("Car", tall(40)), older) == "h40-60 o0 t0");
    CHECK(counted(label("Car", tall(100)), older) == "h100- o0 t0");
  }
}

TEST_CASE("a false positive counts in the band of its own height", "[bands]") {
  const std::vector<io::Object> labels = {label("Car", tall(30)), label("Car", tall(50, 200)),
                                          label("Car", tall(80, 400)), label("Car", tall(150, 600))};
  const std::array<const char*, 4> names = {"25-40", "40-60", "60-100", "100-"};
  const std::vector<std::pair<double, std::string>> cases = {
      {25, "25-40"}, {39.9, "25-40"}, {40, "40-60"}, {59.9, "40-60"}, {60, "60-100"}, {100, "100-"}, {-45, "40-60"}};
  for (const auto& [height, expected] : cases) {
    std::vector<io::Object> detections = {detection("Car", tall(height, 1000), 0.95)};
    for (const auto& found : labels) detections.push_back(detection("Car", found.box, 0.9));
    const BandsResult result = of(labels, detections);
    for (const char* name : names) {
      INFO(height << " in " << name);
      CHECK(at(result, "height", name).precision[0] == (name == expected ? 0.5 : 1));
    }
    // Occlusion and truncation share it: four hits, one false positive.
    CHECK(at(result, "occlusion", "0").precision[0] == 0.8);
    CHECK(at(result, "truncation", "0").precision[0] == 0.8);
  }
}

TEST_CASE("a match over a band's end is a hit in the ground truth's band", "[bands]") {
  const BandsResult result = of({label("Car", tall(59))}, {detection("Car", tall(61), 0.9)});
  CHECK(at(result, "height", "40-60").precision[0] == 1);
  CHECK(at(result, "height", "40-60").recall == std::vector<double>{1});
  CHECK(at(result, "height", "60-100").ground_truths == 0);
  CHECK(at(result, "height", "60-100").thresholds.empty());
}

TEST_CASE("a ground truth of another band is found and not counted", "[bands]") {
  const std::vector<io::Object> labels = {label("Car", tall(50)), label("Car", tall(50, 200), 2)};
  const BandsResult result = of(labels, {detection("Car", tall(50), 0.5), detection("Car", tall(50, 200), 0.9)});
  for (const char* name : {"0", "2"}) {
    CHECK(at(result, "occlusion", name).precision[0] == 1);
    CHECK(at(result, "occlusion", name).recall == std::vector<double>{1});
  }
  CHECK(at(result, "occlusion", "1").ground_truths == 0);
}

TEST_CASE("detections below the minimum height are ignored in every band", "[bands]") {
  const std::vector<io::Object> labels = {label("Car", tall(26))};
  const std::vector<io::Object> detections = {detection("Car", tall(24), 0.95), detection("Car", tall(24, 300), 0.9)};
  const BandsResult result = of(labels, detections);
  CHECK(at(result, "height", "25-40").ground_truths == 1);
  CHECK(at(result, "height", "25-40").thresholds.empty());
  // Without that rule the first finds its ground truth, and the second is in no band of height.
  const BandsResult oldest = of(labels, {detections[1], detection("Car", tall(24), 0.5)}, Evaluator::kitti2012);
  CHECK(at(oldest, "height", "25-40").precision[0] == 1);
  CHECK(at(oldest, "occlusion", "0").precision[0] == 0.5);
}

TEST_CASE("a group's bands share out the ground truths, hits and misses of hard at any score", "[bands]") {
  const auto bands = standard_bands();
  std::vector<Stratum> strata;
  for (const Band& band : bands) strata.push_back(band.stratum);
  std::int64_t hits = 0, false_positives = 0;
  for (int scene = 0; scene < scenes; ++scene) {
    Random random(31, Purpose::scene, static_cast<std::uint64_t>(scene));
    const auto frames = test::any_scene(scene, random);
    const std::array<double, 4> scores = {0.7, 0.4, 0.1, -1};
    for (const auto evaluator : generations) {
      const Matcher whole(frames, evaluator), parts(frames, evaluator, strata);
      for (std::size_t c = 0; c < kitti_class_count; ++c) {
        const auto expected = whole.count(c, hard, scores);
        for (const char* group : {"height", "occlusion", "truncation"}) {
          std::int64_t ground_truths = 0;
          std::vector<SlotCounts> sums(scores.size());
          bool shared = true;
          for (std::size_t s = 0; s < bands.size(); ++s) {
            if (bands[s].group != group) continue;
            ground_truths += parts.ground_truths(c, s);
            const auto counts = parts.count(c, s, scores);
            for (std::size_t i = 0; i < scores.size(); ++i) {
              sums[i].hits += counts[i].hits;
              sums[i].misses += counts[i].misses;
              sums[i].false_positives += counts[i].false_positives;
              shared = shared && counts[i].false_positives == expected[i].false_positives;
            }
          }
          INFO("scene " << scene << " " << name_of(evaluator) << " " << kitti_class_names[c] << " " << group);
          const bool by_height = std::string(group) == "height";
          CHECK(ground_truths == whole.ground_truths(c, hard));
          CHECK((by_height || shared));
          for (std::size_t i = 0; i < scores.size(); ++i) {
            CHECK(sums[i].hits == expected[i].hits);
            CHECK(sums[i].misses == expected[i].misses);
            if (by_height && evaluator != Evaluator::kitti2012)
              CHECK(sums[i].false_positives == expected[i].false_positives);
          }
        }
        hits += expected.back().hits;
        false_positives += expected.back().false_positives;
      }
    }
  }
  CHECK(hits > 1000);  // the scenes do ask something
  CHECK(false_positives > 1000);
}

TEST_CASE("by occlusion and truncation: hard with the others' ground truths made ignored", "[bands]") {
  for (int scene = 0; scene < scenes; ++scene) {
    Random random(32, Purpose::scene, static_cast<std::uint64_t>(scene));
    const auto frames = test::any_scene(scene, random);
    for (const auto& [band, classes] : evaluate_bands(frames).bands) {
      if (band.group == "height") continue;
      auto changed = frames;
      for (auto& frame : changed)
        for (auto& object : frame.labels) {
          const bool inside = band.group == "occlusion"
                                  ? std::to_string(object.occluded) == band.name
                                  : object.truncated <= band.stratum.maximum_truncation &&
                                        (band.name == "0" || object.truncated > band.stratum.truncation_above);
          if (!inside && lower(object.type) != "dontcare") object.truncated = 1;
        }
      const KittiResult expected = evaluate(changed);
      for (std::size_t c = 0; c < kitti_class_count; ++c) {
        INFO("scene " << scene << " " << kitti_class_names[c] << " " << band.group << " " << band.name);
        CHECK(same(classes[c], expected.classes[c][hard]));
      }
    }
  }
}

TEST_CASE("the order of frames never matters to a band", "[bands]") {
  for (int scene = 0; scene < scenes; ++scene) {
    Random random(33, Purpose::scene, static_cast<std::uint64_t>(scene));
    auto frames = test::any_scene(scene, random);
    const BandsResult before = evaluate_bands(frames);
    test::shuffle(random, frames);
    CHECK(same(evaluate_bands(frames), before));
  }
}

TEST_CASE("a further false positive never raises a band's AP, of the lowest score never changes it", "[bands]") {
  int lowered = 0, compared = 0;
  for (int scene = 0; scene < scenes; ++scene) {
    Random random(34, Purpose::scene, static_cast<std::uint64_t>(scene));
    auto frames = test::any_scene(scene, random);
    const BandsResult before = evaluate_bands(frames);
    auto& detections = frames[random.below(frames.size())].detections;
    for (const double score : {-1.0, 0.5})
      for (const double height : {20.0, 30.0, 50.0, 80.0, 120.0}) {
        for (const char* type : kitti_class_names)
          detections.push_back(detection(type, {2000, 0, 2100, height}, score));
        const BandsResult after = evaluate_bands(frames);
        for (std::size_t i = 0; i < before.bands.size(); ++i)
          for (std::size_t c = 0; c < kitti_class_count; ++c) {
            const double then = before.bands[i].classes[c].mean41, now = after.bands[i].classes[c].mean41;
            if (std::isnan(then)) continue;  // 0 / 0 becomes 0 / 1
            CHECK(now <= then);
            if (score < 0) CHECK(now == then);
            lowered += now < then;
            ++compared;
          }
        detections.resize(detections.size() - kitti_class_count);
      }
  }
  CHECK(lowered > 100);
  CHECK(compared > 10'000);
}

TEST_CASE("a matcher of other strata has no difficulties to give", "[bands]") {
  const std::array<Stratum, 3> strata = {difficulties[0], difficulties[1], difficulties[1]};
  const auto frames = test::found_cars(1);
  const Matcher matcher(frames, Evaluator::kitti2017, strata);
  CHECK(matcher.ground_truths(car, 2) == 1);
  CHECK(test::caught([&] { matcher.first_pass(); }).code == ExitCode::defect);
  CHECK(test::caught([&] { matcher.second_pass({}); }).code == ExitCode::defect);
  const std::vector<Stratum> many(33);
  CHECK(test::caught([&] { Matcher(frames, Evaluator::kitti2017, many); }).mentions("33 strata, expected at most 32"));
}

namespace {

/// 41 cars of 100 pixels found, one of 50 missed; cyclists never named.
BandsResult example() {
  auto frames = test::found_cars(41);
  frames[0].labels.push_back(label("Car", {600, 100, 700, 150}, 1));
  frames[0].labels.push_back(label("Cyclist", {900, 100, 1000, 200}));
  return evaluate_bands(frames);
}

}  // namespace

TEST_CASE("the bands as a table", "[bands]") {
  std::vector<std::string> lines;
  const std::string text = bands_table(example());
  for (const auto line : split(text, '\n'))
    lines.push_back(join(
        [&] {
          std::vector<std::string> words;
          for (const auto word : split_columns(line)) words.emplace_back(word);
          return words;
        }(),
        " "));
  REQUIRE(lines.size() == 3 + 33 + 2);
  CHECK(lines[0] == "41 frames, evaluator kitti2017, by box height in pixels, occlusion and truncation");
  CHECK(lines[2] == "AP40 AP11 mean of 41 ground truths");
  CHECK(lines[3] == "car height 25-40 - - - 0*");
  CHECK(lines[4] == "40-60 0.00 0.00 0.00 1*");
  CHECK(lines[5] == "60-100 100.00 100.00 100.00 41");  // of just 100 pixels
  CHECK(lines[7] == "occlusion 0 100.00 100.00 100.00 41");
  CHECK(lines[25] == "cyclist height 25-40 - - - 0*");
  CHECK(lines[27] == "60-100 - - - 1*");
  CHECK(lines[36] == "* fewer than 41: AP cannot reach 100");
  CHECK(lines[37].empty());
}

TEST_CASE("the bands as JSON", "[bands]") {
  const auto json = bands_json(example());
  CHECK(json["frames"] == 41);
  CHECK(json["evaluator"] == "kitti2017");
  CHECK(json["classes"]["cyclist"].is_null());
  const auto& found = json["classes"]["car"];
  CHECK(found["height"].size() == 4);
  CHECK(found["occlusion"].size() == 3);
  CHECK(found["truncation"].size() == 4);
  CHECK(found["height"]["60-100"].dump() == R"({"ap40":100.0,"ap11":100.0,"mean41":100.0,"ground_truths":41})");
  CHECK(found["height"]["100-"].dump() == R"({"ap40":null,"ap11":null,"mean41":null,"ground_truths":0})");
  CHECK(found["occlusion"]["1"]["ap40"] == 0.0);
  CHECK(example().bands[2].classes[cyclist].ground_truths == 1);
}
