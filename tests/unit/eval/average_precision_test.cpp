// Scenes small enough to work out by hand from the official evaluator's rules.
#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

#include "eval/matching.hpp"
#include "scenes.hpp"
#include "support/support.hpp"

using namespace fastbox;
using namespace fastbox::eval;
using test::detection;
using test::found_cars;
using test::label;

namespace {

constexpr std::size_t car = 0, pedestrian = 1, cyclist = 2;
constexpr std::size_t easy = 0, moderate = 1, hard = 2;
const io::Box here{100, 100, 200, 200}, elsewhere{600, 100, 700, 200};

KittiResult of(std::vector<io::Object> labels, std::vector<io::Object> detections,
               Evaluator evaluator = Evaluator::kitti2017) {
  const FrameObjects frame{"made", std::move(labels), std::move(detections)};
  return evaluate(std::span(&frame, 1), evaluator);
}

/// Slot 0 is 1 and the rest 0: one ground truth, found, and no false positive at its score.
bool is_one_hit(const AveragePrecision& one) {
  return one.precision[0] == 1 && one.precision[1] == 0 && one.thresholds.size() == 1;
}

}  // namespace

TEST_CASE("one ground truth gives AP11 9.09 and AP40 0", "[average_precision]") {
  const auto result = of({label("Car", here)}, {detection("car", here, 0.9)});
  const auto& one = result.classes[car][easy];
  CHECK(result.frames == 1);
  CHECK(one.ground_truths == 1);
  CHECK(one.ap11 == Approx(100.0 / 11).epsilon(1e-14));
  CHECK(one.ap40 == 0);
  CHECK(one.mean41 == Approx(100.0 / 41).epsilon(1e-14));
  CHECK(one.thresholds == std::vector<double>{0.9});
  CHECK(one.recall == std::vector<double>{1});
  CHECK(result.detected == std::vector<bool>{true, false, false});
  CHECK(result.classes[pedestrian][easy].ground_truths == 0);
}

TEST_CASE("forty found ground truths fill forty slots, forty-one all", "[average_precision]") {
  const auto forty = evaluate(found_cars(40)).classes[car][moderate];
  CHECK(forty.ap40 == Approx(97.5).epsilon(1e-14));
  CHECK(forty.ap11 == Approx(1000.0 / 11).epsilon(1e-14));
  CHECK(forty.precision[39] == 1);
  CHECK(forty.precision[40] == 0);
  const auto all = evaluate(found_cars(41)).classes[car][moderate];
  CHECK(all.ap40 == 100);
  CHECK(all.ap11 == 100);
  CHECK(all.mean41 == 100);
  CHECK(evaluate(found_cars(1000)).classes[car][hard].thresholds.size() == 41);
}

TEST_CASE("precision is taken at each score and is the best from there on", "[average_precision]") {
  const io::Box third{300, 100, 400, 200};
  const auto one = of({label("Car", here), label("Car", elsewhere)},
                      {detection("Car", here, 0.9), detection("Car", third, 0.8), detection("Car", elsewhere, 0.7)})
                       .classes[car][easy];
  CHECK(one.thresholds == std::vector<double>{0.9, 0.7});
  CHECK(one.precision[0] == 1);
  CHECK(one.precision[1] == Approx(2.0 / 3).epsilon(1e-15));
  CHECK(one.recall == std::vector<double>{0.5, 1});
  CHECK(one.mean41 == Approx((1 + 2.0 / 3) / 41 * 100).epsilon(1e-14));
  // The false positive first: 1/2 at .9 rises to the 2/3 that follows.
  const auto other = of({label("Car", here), label("Car", elsewhere)},
                        {detection("Car", here, 0.9), detection("Car", third, 0.95), detection("Car", elsewhere, 0.7)})
                         .classes[car][easy];
  CHECK(other.precision[0] == Approx(2.0 / 3).epsilon(1e-15));
}

TEST_CASE("the limits of each difficulty", "[average_precision]") {
  const auto counted = [](io::Object object) {
    const auto result = of({std::move(object)}, {});
    std::string text;
    for (std::size_t d = 0; d < difficulty_count; ++d) text += std::to_string(result.classes[car][d].ground_truths);
    return text;
  };
  CHECK(counted(label("Car", here)) == "111");
  CHECK(counted(label("Car", here, 1)) == "011");
  CHECK(counted(label("Car", here, 2)) == "001");
  CHECK(counted(label("Car", here, 3)) == "000");
  CHECK(counted(label("Car", here, 0, 0.15)) == "111");
  CHECK(counted(label("Car", here, 0, 0.16)) == "011");
  CHECK(counted(label("Car", here, 0, 0.30)) == "011");
  CHECK(counted(label("Car", here, 0, 0.31)) == "001");
  CHECK(counted(label("Car", here, 0, 0.50)) == "001");
  CHECK(counted(label("Car", here, 0, 0.51)) == "000");
  CHECK(counted(label("Car", {0, 0, 100, 40.01})) == "111");
  CHECK(counted(label("Car", {0, 0, 100, 40})) == "011");
  CHECK(counted(label("Car", {0, 0, 100, 25.01})) == "011");
  CHECK(counted(label("Car", {0, 0, 100, 25})) == "000");
  CHECK(counted(label("cAR", here)) == "111");
  CHECK(counted(label("Van", here)) == "000");
}

TEST_CASE("a ground truth of just the minimum height counts in the older generations only", "[average_precision]") {
  const std::vector<io::Object> labels = {label("Cyclist", {0, 0, 100, 25})};
  CHECK(of(labels, {}, Evaluator::kitti2017).classes[cyclist][hard].ground_truths == 0);
  CHECK(of(labels, {}, Evaluator::kitti2017a).classes[cyclist][hard].ground_truths == 1);
  CHECK(of(labels, {}, Evaluator::kitti2012).classes[cyclist][hard].ground_truths == 1);
}

TEST_CASE("an overlap of just the minimum is none", "[average_precision]") {
  const std::vector<io::Object> labels = {label("Pedestrian", {0, 0, 50, 100})};
  CHECK(of(labels, {detection("Pedestrian", {0, 0, 100, 100}, 0.9)}).classes[pedestrian][easy].mean41 == 0);
  CHECK(is_one_hit(of(labels, {detection("Pedestrian", {0, 0, 99, 100}, 0.9)}).classes[pedestrian][easy]));
}

TEST_CASE("neighbouring classes are neither hit nor missed, others are false", "[average_precision]") {
  const auto with = [](const std::string& type, const std::string& detected) {
    return of({label(type, elsewhere), label(detected, here)},
              {detection(detected, elsewhere, 0.95), detection(detected, here, 0.9)});
  };
  CHECK(is_one_hit(with("Van", "Car").classes[car][easy]));
  CHECK(is_one_hit(with("Person_sitting", "Pedestrian").classes[pedestrian][easy]));
  CHECK(with("Truck", "Car").classes[car][easy].precision[0] == 0.5);
  CHECK(with("Cyclist", "Pedestrian").classes[pedestrian][easy].precision[0] == 0.5);
  CHECK(with("Van", "Cyclist").classes[cyclist][easy].precision[0] == 0.5);
}

TEST_CASE("false positives within DontCare are not counted", "[average_precision]") {
  // 71 of 100 columns lie within for a car's .7, 70 do not suffice; the share is of the detection's own area.
  const auto precision = [](double right) {
    return of({label("Car", here), label("DontCare", {600, 0, right, 300}, -1, -1)},
              {detection("Car", here, 0.9), detection("Car", elsewhere, 0.95)})
        .classes[car][easy]
        .precision[0];
  };
  CHECK(precision(671) == 1);
  CHECK(precision(670) == 0.5);
  CHECK(precision(2000) == 1);
}

TEST_CASE("a small detection of another class is a candidate, and then ignored", "[average_precision]") {
  const io::Box truth{0, 0, 100, 41}, small{0, 0, 100, 39.9};
  const std::vector<io::Object> labels = {label("Car", truth)};
  const std::vector<io::Object> detections = {detection("Tram", small, 0.9), detection("Car", truth, 0.5)};
  // First pass: the tram's score is higher, so the car's is never recorded.
  CHECK(of(labels, detections).classes[car][easy].thresholds.empty());
  CHECK(of(labels, detections, Evaluator::kitti2017a).classes[car][easy].thresholds.empty());
  CHECK(is_one_hit(of(labels, detections, Evaluator::kitti2012).classes[car][easy]));
  // At moderate (25 pixels) it is no candidate.
  CHECK(is_one_hit(of(labels, detections).classes[car][moderate]));
}

TEST_CASE("a valid detection replaces an ignored one even with less overlap", "[average_precision]") {
  const io::Box truth{0, 0, 100, 41}, small{0, 0, 100, 39.9}, valid{0, 0, 80, 41};
  const std::vector<io::Object> labels = {label("Car", truth)};
  const auto one = of(labels, {detection("Car", small, 0.4), detection("Car", valid, 0.5)}).classes[car][easy];
  CHECK(is_one_hit(one));
  // A later ignored one does not take it back.
  CHECK(is_one_hit(of(labels, {detection("Car", valid, 0.5), detection("Car", small, 0.4)}).classes[car][easy]));
}

TEST_CASE("the first of equal scores and the largest of overlaps wins", "[average_precision]") {
  // Two detections of one score on one truth: one hit and one false positive, whichever overlaps more.
  const auto one = of({label("Car", here)}, {detection("Car", {100, 100, 190, 200}, 0.9), detection("Car", here, 0.9)})
                       .classes[car][easy];
  CHECK(one.precision[0] == 0.5);
  CHECK(one.recall[0] == 1);
}

TEST_CASE("a threshold at which nothing counts gives NaN in its slot", "[average_precision]") {
  // In the first pass the ignored truth takes `left` (the higher score) and leaves `right` for the counted
  // one; in the second it takes `right` (the larger overlap), and `left`, which lies in DontCare, is no false
  // positive.
  const io::Box ignored{0, 0, 100, 100}, counted{10, 0, 110, 100}, left{-10, 0, 90, 100}, right{5, 0, 105, 100};
  const auto one = of({label("Car", ignored, 0, 0.9), label("Car", counted), label("DontCare", left, -1, -1)},
                      {detection("Car", left, 0.9), detection("Car", right, 0.8)})
                       .classes[car][easy];
  CHECK(one.thresholds == std::vector<double>{0.8});
  CHECK(std::isnan(one.precision[0]));
  CHECK(one.precision[1] == 0);
  CHECK(std::isnan(one.ap11));
  CHECK(std::isnan(one.mean41));
  CHECK(one.ap40 == 0);
}

TEST_CASE("scores may be infinite, and -10000000 or less finds nothing", "[average_precision]") {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  for (const auto evaluator : {Evaluator::kitti2017, Evaluator::kitti2017a, Evaluator::kitti2012}) {
    const auto with = [&](double score) {
      return of({label("Car", here)}, {detection("Car", here, score)}, evaluator);
    };
    for (const double score : {infinite, 1e300, -9'999'999.5}) {
      CHECK(is_one_hit(with(score).classes[car][easy]));
      CHECK(with(score).classes[car][easy].thresholds[0] == score);
    }
    for (const double score : {-1e7, -1e300, -infinite}) {
      CHECK(with(score).detected[car]);
      CHECK(with(score).classes[car][easy].ground_truths == 1);
      CHECK(with(score).classes[car][easy].thresholds.empty());
    }
  }
}

TEST_CASE("boxes turned inside out count as KittiBox's results do", "[average_precision]") {
  const auto one = of({label("Car", here)}, {detection("Car", here, 0.9), detection("Car", {700, 100, 600, 200}, 0.95)})
                       .classes[car][easy];
  CHECK(one.precision[0] == 0.5);
}

TEST_CASE("overlaps", "[average_precision]") {
  CHECK(intersection_over_union({0, 0, 2, 2}, {1, 0, 3, 2}) == Approx(1.0 / 3).epsilon(1e-15));
  CHECK(intersection_over_union({0, 0, 2, 2}, {2, 0, 4, 2}) == 0);
  CHECK(intersection_over_union({0, 0, 2, 2}, {5, 5, 6, 6}) == 0);
  CHECK(intersection_over_area({0, 0, 2, 2}, {1, 0, 9, 9}) == 0.5);
}

TEST_CASE("what is not a number is refused by the frame's name", "[average_precision]") {
  const auto error = test::caught([] { of({}, {detection("Car", here, std::nan(""))}); });
  CHECK(error.code == ExitCode::data);
  CHECK(error.mentions("frame made: the box or score of detection 1"));
  CHECK(test::caught([] { of({label("Car", {0, 0, std::nan(""), 1})}, {}); }).mentions("label 1"));
}

TEST_CASE("evaluators by name", "[average_precision]") {
  for (const auto evaluator : {Evaluator::kitti2017, Evaluator::kitti2017a, Evaluator::kitti2012})
    CHECK(evaluator_named(name_of(evaluator)) == evaluator);
  const auto error = test::caught([] { evaluator_named("coco"); });
  CHECK(error.code == ExitCode::usage);
  CHECK(error.mentions("'coco', expected kitti2017, kitti2017a or kitti2012"));
}

TEST_CASE("a first pass goes through numbers and back", "[average_precision]") {
  const auto frames = found_cars(3, 0.25);
  const FirstPass found = Matcher(frames, Evaluator::kitti2017).first_pass();
  const auto numbers = found.to_numbers();
  const FirstPass back = FirstPass::from_numbers(numbers);
  CHECK(back.frames == 3);
  CHECK(back.detected == found.detected);
  CHECK(back.ground_truths == found.ground_truths);
  CHECK(back.scores == found.scores);
  CHECK(back.scores[car][easy] == std::vector<double>{0.25, 0.25, 0.25});
  CHECK(test::caught([&] { FirstPass::from_numbers(std::span(numbers).first(9)); }).code == ExitCode::defect);
  auto longer = numbers;
  longer.push_back(0);
  CHECK(test::caught([&] { FirstPass::from_numbers(longer); }).code == ExitCode::defect);
}
