#include "eval/rules.hpp"

#include <catch2/catch.hpp>

#include <cmath>

#include "base/text.hpp"
#include "eval/bands.hpp"
#include "eval/bootstrap.hpp"
#include "eval/calibration.hpp"
#include "eval/coco_files.hpp"
#include "eval/coco_precision.hpp"
#include "eval/matching.hpp"
#include "eval/worst_frames.hpp"
#include "support/support.hpp"

namespace fastbox::eval {
namespace {

Rules parsed(const std::vector<std::string>& classes, const std::vector<std::string>& overlaps = {}) {
  return rules_for(Evaluator::kitti2017, parse_object_classes(classes, "--classes"), overlaps, "--overlaps");
}

io::Object object(const std::string& type, double left, double score = 0) {
  io::Object one;
  one.type = type;
  one.box = {left, 100, left + 100, 200};
  one.score = score;
  return one;
}

/// Fifty frames, each with a bus that is found, a coach that is found, and a minibus that is taken for a bus.
std::vector<FrameObjects> bus_stops(const std::string& bus = "Bus", const std::string& coach = "Coach",
                                    const std::string& minibus = "Minibus", const std::string& answer = "Bus") {
  std::vector<FrameObjects> frames(50);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const double score = 0.5 + static_cast<double>(i) / 200;
    frames[i] = {concat("stop", i),
                 {object(bus, 0), object(coach, 200), object(minibus, 400)},
                 {object(answer, 0, score), object(answer, 200, score - 0.3), object(answer, 400, score - 0.1)}};
  }
  return frames;
}

TEST_CASE("the benchmark's classes, alone or as trained, have the benchmark's rules", "[rules]") {
  CHECK(Rules().classes == kitti_classes());
  CHECK(parsed({}).classes == kitti_classes());
  CHECK(parsed({"Car=Car+Van"}).classes == kitti_classes());
  CHECK(parsed({"Cyclist", "Pedestrian-Person_sitting"}).classes == kitti_classes());
  REQUIRE(parsed({"Bus", "car=Car+Van"}).classes.size() == 2);
  CHECK(parsed({"Bus", "car=Car+Van"}).classes[1] == kitti_classes()[0]);
  CHECK(parsed({"Bus"}).place_of("BUS") == 0);
  CHECK(parsed({"Bus"}).place_of("Car") == 1);
}

TEST_CASE("overlaps are set by name, and refused with what was expected", "[rules]") {
  CHECK(parsed({"Bus"}).classes[0].minimum_overlap == 0.5);
  CHECK(parsed({"Bus"}, {"bus=0.65"}).classes[0].minimum_overlap == 0.65);
  CHECK(parsed({}, {"Car=0.5"}).classes[0].minimum_overlap == 0.5);
  for (const char* text : {"Bus", "=0.5", "Bus=", "Bus=high", "Bus=1", "Bus=-0.1", "Bus=0.5x", "Bus=nan"}) {
    INFO(text);
    const auto error = test::caught([&] { parsed({"Bus"}, {text}); });
    CHECK(error.code == ExitCode::usage);
    CHECK(error.mentions("--overlaps: "));
  }
  CHECK(test::caught([] { parsed({"Bus", "Tram"}, {"Car=0.5"}); }).mentions("expected one of Bus, Tram"));
}

// Twins: the same boxes, once as the benchmark's pedestrians and once as people's own class with like rules.
TEST_CASE("an own class is judged as a benchmark class of like rules", "[rules]") {
  const auto own = bus_stops("Bus", "bus", "Minibus", "BUS");
  const auto twin = bus_stops("Pedestrian", "pedestrian", "Person_sitting", "Pedestrian");
  const Rules rules = parsed({"Tram", "Bus-Minibus"});
  constexpr std::size_t bus = 1, pedestrian = 1;

  const auto mine = evaluate(own, rules), theirs = evaluate(twin);
  REQUIRE(mine.classes.size() == 2);
  CHECK_FALSE(mine.detected[0]);
  for (std::size_t d = 0; d < difficulty_count; ++d) {
    CHECK(mine.classes[bus][d].ap40 == theirs.classes[pedestrian][d].ap40);
    CHECK(mine.classes[bus][d].ground_truths == theirs.classes[pedestrian][d].ground_truths);
  }
  CHECK(mine.classes[bus][0].ap40 == Approx(100));

  const auto bands = evaluate_bands(own, rules), their_bands = evaluate_bands(twin);
  CHECK(bands.bands[2].classes[bus].ap40 == their_bands.bands[2].classes[pedestrian].ap40);
  const BootstrapOptions few{.samples = 20};
  CHECK(bootstrap(own, rules, few).classes[bus][1].ap40.low ==
        bootstrap(twin, {}, few).classes[pedestrian][1].ap40.low);
  CHECK(calibrate(own, rules).classes[bus].as_is.brier == calibrate(twin).classes[pedestrian].as_is.brier);
  const auto coco = coco_precision(coco_frames(own, rules), rules), their_coco = coco_precision(coco_frames(twin));
  for (std::size_t i = 0; i < coco_figure_count; ++i) {
    const double ours = coco.classes[bus].values[i], twins = their_coco.classes[pedestrian].values[i];
    CHECK((ours == twins || (std::isnan(ours) && std::isnan(twins))));
  }
  CHECK(coco.classes[bus].ground_truths == 100);
}

TEST_CASE("merged labels count for an own class, ignored ones are neither hit nor false", "[rules]") {
  const auto frames = bus_stops();
  const auto merged = evaluate(frames, parsed({"Bus=Bus+Coach-Minibus"})).classes[0][0];
  CHECK(merged.ground_truths == 100);
  CHECK(merged.ap40 == Approx(100));
  const auto all_false = evaluate(frames, parsed({"Bus=Bus+Coach"})).classes[0][0];
  CHECK(all_false.ground_truths == 100);
  CHECK(all_false.ap40 < 100);
  const auto lonely = evaluate(frames, parsed({"Bus-Coach-Minibus"})).classes[0][0];
  CHECK(lonely.ground_truths == 50);
  CHECK(lonely.ap40 == Approx(100));
  CHECK(worst_frames(frames, parsed({"Bus=Bus+Coach-Minibus"})).empty());
  CHECK(worst_frames(frames, parsed({"Bus=Bus+Coach"})).size() == 20);
}

TEST_CASE("the overlap decides what is found", "[rules]") {
  std::vector<FrameObjects> frames(50);
  for (auto& frame : frames) frame = {"x", {object("Bus", 0)}, {object("Bus", 25, 0.9)}};  // IoU 75 / 125 = 0.6
  CHECK(evaluate(frames, parsed({"Bus"}, {"Bus=0.59"})).classes[0][0].ap40 == Approx(100));
  CHECK(evaluate(frames, parsed({"Bus"}, {"Bus=0.61"})).classes[0][0].ap40 == 0);
}

TEST_CASE("a first pass of any number of classes travels whole", "[rules]") {
  const auto frames = bus_stops();
  const std::span all(frames);
  const Rules rules = parsed({"Tram", "Bus=Bus+Coach", "Car", "Minibus"});
  FirstPass found(rules.classes.size());
  for (const auto& part : {all.first(20), all.subspan(20)})
    found.merge(FirstPass::from_numbers(Matcher(part, rules).first_pass().to_numbers()));
  const auto thresholds = sample_thresholds(found);
  Counts counts(rules.classes.size());
  for (const auto& part : {all.first(20), all.subspan(20)}) counts.merge(Matcher(part, rules).second_pass(thresholds));
  const auto shared = average_precision(found, counts, thresholds, rules), whole = evaluate(frames, rules);
  REQUIRE(shared.classes.size() == 4);
  for (std::size_t c = 0; c < 4; ++c)
    for (std::size_t d = 0; d < difficulty_count; ++d) CHECK(shared.classes[c][d].ap40 == whole.classes[c][d].ap40);
  CHECK(shared.classes[1][0].ap40 > 0);
}

TEST_CASE("COCO's categories are the evaluated classes", "[rules]") {
  const Rules rules = parsed({"Tram", "Bus=Bus+Coach-Minibus"});
  CHECK(coco_category("bus", rules) == 2);
  CHECK_FALSE(coco_category("Car", rules));
  const std::string truth = format_coco_ground_truth(bus_stops(), {}, rules);
  CHECK(truth.find("{\"id\": 2, \"name\": \"Bus\", \"supercategory\": \"object\"}") != std::string::npos);
  CHECK(truth.find("Minibus with Bus") != std::string::npos);
  const auto read = parse_coco_results(format_coco_results(bus_stops(), rules), "memory", rules);
  REQUIRE(read.size() == 150);
  CHECK(read[0].category_id == 2);
  const std::string third = R"([{"image_id": 1, "category_id": 3, "bbox": [0, 0, 1, 1], "score": 1}])";
  CHECK(test::caught([&] { parse_coco_results(third, "memory", rules); }).mentions("expected 1 (Tram) or 2 (Bus)"));
}

}  // namespace
}  // namespace fastbox::eval
