#include <catch2/catch.hpp>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "any_scene.hpp"
#include "eval/bootstrap.hpp"
#include "support/support.hpp"

using namespace fastbox;
using namespace fastbox::eval;

namespace {

constexpr std::size_t car = 0, pedestrian = 1, cyclist = 2;

bool same(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

bool same(const Grid<AveragePrecision>& a, const Grid<AveragePrecision>& b) {
  bool equal = true;
  for (std::size_t c = 0; c < kitti_class_count; ++c)
    for (std::size_t d = 0; d < difficulty_count; ++d) {
      const auto &x = a[c][d], &y = b[c][d];
      equal = equal && x.ground_truths == y.ground_truths && x.thresholds == y.thresholds && x.recall == y.recall &&
              same(x.ap40, y.ap40) && same(x.ap11, y.ap11) && same(x.mean41, y.mean41);
      for (std::size_t i = 0; i < slot_count; ++i) equal = equal && same(x.precision[i], y.precision[i]);
    }
  return equal;
}

bool same(const Interval& a, const Interval& b) {
  return same(a.estimate, b.estimate) && same(a.low, b.low) && same(a.high, b.high) && a.resamples == b.resamples;
}

bool same(const Intervals& a, const Intervals& b) {
  bool equal = a.detected == b.detected;
  for (std::size_t c = 0; c < kitti_class_count; ++c)
    for (std::size_t d = 0; d < difficulty_count; ++d) {
      const auto &x = a.classes[c][d], &y = b.classes[c][d];
      equal = equal && x.ground_truths == y.ground_truths && same(x.ap40, y.ap40) && same(x.ap11, y.ap11) &&
              same(x.mean41, y.mean41);
    }
  return equal;
}

std::vector<FrameObjects> scene_of(std::uint64_t number) {
  Random random(41, Purpose::scene, number);
  return test::any_scene(0, random);
}

/// `count` frames with one car each, the first `found` of them found, and nothing else.
std::vector<FrameObjects> partly_found(int count, int found) {
  auto frames = test::found_cars(count);
  for (int i = found; i < count; ++i) frames[static_cast<std::size_t>(i)].detections.clear();
  return frames;
}

}  // namespace

TEST_CASE("a resample's figures are those of the list that was drawn", "[bootstrap]") {
  int hits = 0;
  for (int scene = 0; scene < 60; ++scene) {
    Random random(42, Purpose::scene, static_cast<std::uint64_t>(scene));
    const auto frames = test::any_scene(scene, random);
    for (const auto evaluator : {Evaluator::kitti2017, Evaluator::kitti2017a, Evaluator::kitti2012}) {
      const Resampler resampler(frames, evaluator);
      for (std::uint64_t sample = 0; sample < 5; ++sample) {
        const auto times = draw_frames(frames.size(), 7, sample);
        std::vector<FrameObjects> drawn;
        for (std::size_t f = 0; f < frames.size(); ++f) drawn.insert(drawn.end(), times[f], frames[f]);
        const KittiResult expected = evaluate(drawn, evaluator);
        INFO("scene " << scene << " " << name_of(evaluator) << " sample " << sample);
        CHECK(same(resampler.average_precision(times), expected.classes));
        hits += expected.classes[car][2].precision[0] > 0;
      }
    }
  }
  CHECK(hits > 300);  // the scenes do ask something
}

TEST_CASE("the estimates are the evaluation's own, whatever the order of frames", "[bootstrap]") {
  auto frames = scene_of(1);
  const KittiResult expected = evaluate(frames);
  Random random(43, Purpose::scene);
  for (int repeat = 0; repeat < 5; ++repeat) {
    const Intervals intervals = bootstrap(frames, Evaluator::kitti2017, {.samples = 2});
    for (std::size_t c = 0; c < kitti_class_count; ++c)
      for (std::size_t d = 0; d < difficulty_count; ++d) {
        const auto& one = intervals.classes[c][d];
        CHECK(one.ground_truths == expected.classes[c][d].ground_truths);
        if (one.ground_truths == 0) continue;
        CHECK(same(one.ap40.estimate, expected.classes[c][d].ap40));
        CHECK(same(one.ap11.estimate, expected.classes[c][d].ap11));
        CHECK(same(one.mean41.estimate, expected.classes[c][d].mean41));
      }
    test::shuffle(random, frames);
  }
}

TEST_CASE("intervals depend on the seed and not on the threads", "[bootstrap]") {
  const auto frames = scene_of(2);
  const Intervals one = bootstrap(frames, Evaluator::kitti2017, {.samples = 101, .seed = 5, .threads = 1});
  for (const int threads : {0, 2, 3, 200})
    CHECK(same(bootstrap(frames, Evaluator::kitti2017, {.samples = 101, .seed = 5, .threads = threads}), one));
  CHECK_FALSE(same(bootstrap(frames, Evaluator::kitti2017, {.samples = 101, .seed = 6, .threads = 1}), one));
}

TEST_CASE("as many frames are drawn as there are, each as likely", "[bootstrap]") {
  std::vector<std::uint32_t> sums(10);
  for (std::uint64_t sample = 0; sample < 2000; ++sample) {
    const auto times = draw_frames(sums.size(), 3, sample);
    CHECK(std::accumulate(times.begin(), times.end(), 0u) == sums.size());
    for (std::size_t f = 0; f < sums.size(); ++f) sums[f] += times[f];
  }
  for (const auto sum : sums) CHECK(std::abs(sum - 2000.0) < 5 * std::sqrt(2000 * 0.9));
  CHECK(draw_frames(10, 3, 0) == draw_frames(10, 3, 0));
  CHECK(draw_frames(10, 3, 0) != draw_frames(10, 3, 1));
  CHECK(draw_frames(0, 3, 0).empty());
}

TEST_CASE("quantiles between sorted numbers", "[bootstrap]") {
  const std::vector<double> sorted = {1, 2, 4, 8};
  CHECK(quantile(sorted, 0) == 1);
  CHECK(quantile(sorted, 1) == 8);
  CHECK(quantile(sorted, 0.5) == 3);
  CHECK(quantile(sorted, 0.9) == Approx(4 + 0.7 * 4).epsilon(1e-14));
  CHECK(quantile(std::vector<double>{7}, 0.3) == 7);
}

TEST_CASE("the interval of a recall is about the binomial one", "[bootstrap]") {
  // 200 of 400 cars found and nothing false: the figures are the recall in steps of 1/40, and its standard
  // deviation is sqrt(.5 * .5 / 400) = 2.5 points.
  const auto frames = partly_found(400, 200);
  const Interval wide = bootstrap(frames).classes[car][1].ap40;
  CHECK(wide.estimate == Approx(50).margin(2.5));
  CHECK(wide.low == Approx(45.1).margin(2.6));
  CHECK(wide.high == Approx(54.9).margin(2.6));
  CHECK(wide.resamples == 1000);
  const Interval narrow = bootstrap(frames, Evaluator::kitti2017, {.level = 0.5}).classes[car][1].ap40;
  CHECK(narrow.low > wide.low);
  CHECK(narrow.high < wide.high);
  // Four times the frames, half the width.
  const Interval more = bootstrap(partly_found(1600, 800)).classes[car][1].ap40;
  CHECK(more.high - more.low < 0.75 * (wide.high - wide.low));
}

TEST_CASE("a resample without ground truths says nothing", "[bootstrap]") {
  auto frames = partly_found(10, 10);
  const io::Box box{600, 100, 700, 200};
  frames[3].labels.push_back(test::label("Pedestrian", box));
  frames[3].detections.push_back(test::detection("Pedestrian", box, 0.5));
  frames[5].detections.push_back(test::detection("Cyclist", box, 0.5));
  const Intervals intervals = bootstrap(frames);
  CHECK(intervals.detected == std::vector<bool>{true, true, true});
  const auto& one = intervals.classes[pedestrian][0];
  CHECK(one.ground_truths == 1);
  CHECK(one.ap11.estimate == Approx(100.0 / 11).epsilon(1e-14));
  CHECK(one.ap11.low == Approx(100.0 / 11).epsilon(1e-14));
  // The frame is drawn in 1 - .9^10 = 65% of the resamples.
  CHECK(one.ap11.resamples > 580);
  CHECK(one.ap11.resamples < 720);
  const auto& none = intervals.classes[cyclist][0].ap40;
  CHECK(std::isnan(none.estimate));
  CHECK(std::isnan(none.low));
  CHECK(std::isnan(none.high));
  CHECK(none.resamples == 0);
}

TEST_CASE("a drawing has a number for each frame", "[bootstrap]") {
  const Resampler resampler(test::found_cars(3), Evaluator::kitti2017);
  const auto error = test::caught([&] { resampler.average_precision(std::vector<std::uint32_t>(2, 1)); });
  CHECK(error.code == ExitCode::defect);
  CHECK(error.mentions("2 numbers of draws for 3 frames"));
}

TEST_CASE("no frames, no interval", "[bootstrap]") {
  const Intervals intervals = bootstrap({});
  CHECK(intervals.frames == 0);
  CHECK(intervals.detected == std::vector<bool>{false, false, false});
  CHECK(std::isnan(intervals.classes[car][0].ap40.low));
}

TEST_CASE("bootstrap options that make no sense are refused", "[bootstrap]") {
  const auto with = [](BootstrapOptions options) {
    return test::caught([&] { bootstrap(test::found_cars(2), Evaluator::kitti2017, options); });
  };
  CHECK(with({.samples = 1}).code == ExitCode::usage);
  CHECK(with({.samples = 1}).mentions("1 bootstrap samples, expected at least 2"));
  for (const double level : {0.0, 1.0, 95.0, std::nan("")}) CHECK(with({.level = level}).code == ExitCode::usage);
  CHECK(with({.level = 95}).mentions("bootstrap level 95, expected one within 0 and 1"));
}

TEST_CASE("intervals as a table and as JSON", "[bootstrap]") {
  auto frames = test::found_cars(41);
  frames[0].labels.push_back(test::label("Cyclist", {600, 100, 700, 200}));
  const Intervals intervals = bootstrap(frames, Evaluator::kitti2017, {.samples = 20, .seed = 9, .level = 0.9});
  const std::string table = bootstrap_table(intervals);
  CHECK(table.find("41 frames, evaluator kitti2017, 90% intervals of 20 resamples, seed 9\n") == 0);
  CHECK(table.find("100.00 [100.00, 100.00]") != std::string::npos);
  CHECK(std::count(table.begin(), table.end(), '\n') == 3 + 9);
  const auto json = bootstrap_json(intervals);
  CHECK(json["samples"] == 20);
  CHECK(json["seed"] == 9);
  CHECK(json["level"] == 0.9);
  CHECK(json["classes"]["car"]["easy"]["ap40"].dump() ==
        R"({"estimate":100.0,"low":100.0,"high":100.0,"resamples":20})");
  CHECK(json["classes"]["car"]["hard"]["ground_truths"] == 41);
  CHECK(json["classes"]["cyclist"].is_null());
}
