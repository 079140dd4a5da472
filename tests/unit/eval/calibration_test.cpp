#include <catch2/catch.hpp>

#include <cmath>
#include <nlohmann/json.hpp>

#include "any_scene.hpp"
#include "base/files.hpp"
#include "eval/calibration.hpp"
#include "eval/calibration_plot.hpp"
#include "support/support.hpp"

using namespace fastbox;
using namespace fastbox::eval;
using test::detection;
using test::label;

namespace {

constexpr std::size_t car = 0, pedestrian = 1;
const io::Box place{100, 100, 200, 200}, apart{400, 100, 500, 200};

/// Frames with one detection each, right with probability right_at(score); score uniform in 0..1.
template <typename RightAt>
std::vector<FrameObjects> made_frames(int count, const RightAt& right_at) {
  Random random(7, Purpose::scene);
  std::vector<FrameObjects> frames;
  for (int i = 0; i < count; ++i) {
    const double score = random.uniform();
    const bool right = random.uniform() < right_at(score);
    frames.push_back({std::to_string(i), {label("Car", place)}, {detection("Car", right ? place : apart, score)}});
  }
  return frames;
}

}  // namespace

TEST_CASE("bins and errors by hand", "[calibration]") {
  const std::vector<FrameObjects> frames = {
      {"a", {label("Car", place)}, {detection("Car", place, 0.9), detection("Car", apart, 0.7)}},
      {"b", {label("Car", place)}, {detection("Car", place, 0.6)}},
      {"c", {}, {detection("Car", apart, 0.5)}}};
  const auto result = calibrate(frames, Evaluator::kitti2017, {.difficulty = 1, .bins = 2});
  const auto& one = result.classes[car];
  CHECK(result.detected[car]);
  CHECK_FALSE(result.detected[pedestrian]);
  CHECK(one.detections == 4);
  CHECK(one.right == 2);
  REQUIRE(one.bins.size() == 2);
  CHECK(one.bins[0].detections == 1);  // .5 lies in the bin below the limit
  CHECK(one.bins[0].precision == 0);
  CHECK(one.bins[1].confidence == Approx(2.2 / 3));
  CHECK(one.bins[1].precision == Approx(2.0 / 3));
  CHECK(one.as_is.expected == Approx(0.25 * 0.5 + 0.75 * (0.2 / 3)));
  CHECK(one.as_is.maximum == Approx(0.5));
  CHECK(one.as_is.brier == Approx((0.01 + 0.49 + 0.16 + 0.25) / 4));
  CHECK(one.as_is.log_loss == Approx(-(std::log(0.9) + std::log(0.3) + std::log(0.6) + std::log(0.5)) / 4));
}

TEST_CASE("what the evaluator ignores is neither right nor wrong; of two on one object the surer is right",
          "[calibration]") {
  const std::vector<FrameObjects> frames = {
      {"ignored",
       {label("Van", place), label("DontCare", apart)},
       {detection("Car", place, 0.9), detection("Car", apart, 0.9)}},
      {"occluded", {label("Car", place, 2)}, {detection("Car", place, 0.9)}},
      {"small", {}, {detection("Car", {0, 0, 30, 20}, 0.9)}},
      {"twice", {label("Car", place)}, {detection("Car", place, 0.4), detection("Car", {101, 100, 201, 200}, 0.8)}}};
  const auto one = calibrate(frames).classes[car];
  CHECK(one.detections == 2);
  CHECK(one.right == 1);
  CHECK(one.bins[11].precision == 1);  // .8 is 12/15
  CHECK(one.bins[5].precision == 0);   // .4 is 6/15
  CHECK(calibrate(frames, Evaluator::kitti2017, {.difficulty = 2}).classes[car].detections == 3);
}

TEST_CASE("a calibrated detector has little error and temperature 1", "[calibration]") {
  const auto one = calibrate(made_frames(20000, [](double score) { return score; })).classes[car];
  CHECK(one.as_is.expected < 0.015);
  CHECK(one.temperature == Approx(1).margin(0.03));
}

TEST_CASE("the temperature of one that is too sure is found, and mends it on frames it was not fitted to",
          "[calibration]") {
  constexpr double true_temperature = 2.5;
  const auto frames = made_frames(20000, [](double score) { return at_temperature(score, true_temperature); });
  const auto one = calibrate(frames).classes[car];
  CHECK(one.temperature == Approx(true_temperature).epsilon(0.05));
  CHECK(one.as_is.expected > 0.08);
  CHECK(one.scaled.expected < 0.015);
  CHECK(one.held_out.expected < 0.02);
  CHECK(one.scaled.log_loss < one.as_is.log_loss);
  CHECK(one.scaled.log_loss <= one.held_out.log_loss + 1e-12);
}

TEST_CASE("a temperature keeps order, 0, 1/2 and 1, and AP", "[calibration]") {
  CHECK(at_temperature(0.3, 1) == 0.3);
  CHECK(at_temperature(0.5, 7) == Approx(0.5));
  CHECK(at_temperature(0.9, 2) == Approx(0.75));  // odds 9 -> 3
  CHECK(std::isfinite(at_temperature(0, 0.5)));
  CHECK(at_temperature(1, 3) < 1);
  Random random(5, Purpose::scene);
  std::vector<FrameObjects> frames;
  for (int i = 0; i < 60; ++i) frames.push_back(test::any_frame(random, i));
  for (auto& frame : frames)
    for (auto& object : frame.detections) object.score = std::clamp(0.5 + object.score / 3, 0.01, 0.99);
  auto warmer = frames;
  for (auto& frame : warmer)
    for (auto& object : frame.detections) object.score = at_temperature(object.score, 3);
  const auto before = evaluate(frames), after = evaluate(warmer);
  for (std::size_t d = 0; d < difficulty_count; ++d) {
    CHECK(before.classes[car][d].ap40 == after.classes[car][d].ap40);
    CHECK(before.classes[car][d].ap40 > 0);
  }
}

TEST_CASE("where nothing or everything is right there is no temperature; scores that are no confidences are refused",
          "[calibration]") {
  const auto right = calibrate(test::found_cars(5)).classes[car];
  CHECK(std::isnan(right.temperature));
  CHECK(std::isnan(right.scaled.expected));
  CHECK(right.as_is.expected == Approx(0.1));
  const auto nothing = calibrate({});
  CHECK(std::isnan(nothing.classes[car].as_is.expected));
  const auto said = test::caught([] { calibrate(test::found_cars(1, 1.5)); });
  CHECK(said.code == ExitCode::data);
  CHECK(said.mentions("frame made: a detection's score is 1.5"));
}

TEST_CASE("table, JSON and picture tell the detected classes", "[calibration]") {
  const auto result = calibrate(made_frames(200, [](double score) { return score * score; }));
  const auto table = calibration_table(result);
  CHECK(table.find("car") != std::string::npos);
  CHECK(table.find("pedestrian") == std::string::npos);
  CHECK(table.find("200 detections") != std::string::npos);
  const auto json = calibration_json(result);
  CHECK(json["classes"]["pedestrian"].is_null());
  CHECK(json["classes"]["car"]["bins"].size() == 15);
  CHECK(json["classes"]["car"]["as_is"]["expected"] == result.classes[car].as_is.expected);
  const test::ScratchFolder scratch;
  const auto folder = scratch / "reliability";
  CHECK(write_reliability(folder, result) == std::vector<std::string>{"car-reliability.svg"});
  const std::string svg = reliability_svg(result, car);
  CHECK(read_file(folder / "car-reliability.svg") == svg);
  std::size_t bars = 0;
  for (auto at = svg.find("class=\"gap\""); at != std::string::npos; at = svg.find("class=\"gap\"", at + 1)) ++bars;
  CHECK(bars == 15);
}
