// Made-up scenes, crowded and full of ties, against a second implementation; and what must hold for any
// scene.
#include <catch2/catch.hpp>

#include <cmath>

#include "base/random.hpp"
#include "eval/matching.hpp"
#include "plain_evaluator.hpp"
#include "scenes.hpp"

using namespace fastbox;
using namespace fastbox::eval;

namespace {

constexpr int scenes = 300;

template <typename T, std::size_t n>
T one_of(Random& random, const T (&choices)[n]) {
  return choices[random.below(n)];
}

/// Boxes on a coarse lattice, so that overlaps and scores tie, with heights about the minimums.
io::Box any_box(Random& random) {
  const double left = 10.0 * static_cast<double>(random.below(12)), top = 5.0 * static_cast<double>(random.below(4));
  const double heights[] = {24.5, 25, 25.5, 30, 39.5, 40, 40.5, 60};
  return {left, top, left + 30 + 10.0 * static_cast<double>(random.below(4)), top + one_of(random, heights)};
}

/// Nearly `box`, so that a detection often finds its truth.
io::Box jittered(Random& random, io::Box box) {
  const double shifts[] = {-5, 0, 0, 0, 2.5, 5};
  box.left += one_of(random, shifts);
  box.right += one_of(random, shifts);
  box.bottom += 0.1 * one_of(random, shifts);
  return box;
}

FrameObjects any_frame(Random& random, int number) {
  const std::string types[] = {"Car",     "car",     "Van",   "Pedestrian", "Person_sitting",
                               "Cyclist", "CYCLIST", "Truck", "DontCare",   "Car"};
  const double truncations[] = {0, 0, 0, 0.15, 0.3, 0.31, 0.5, 0.9};
  FrameObjects frame{std::to_string(number), {}, {}};
  for (auto n = random.below(7); n > 0; --n)
    frame.labels.push_back(test::label(one_of(random, types), any_box(random),
                                       static_cast<int>(random.below(random.chance(0.5) ? 1 : 4)),
                                       one_of(random, truncations)));
  for (auto n = random.below(9); n > 0; --n) {
    const double score = 0.05 * static_cast<double>(random.below(20)) - 0.2;
    if (!frame.labels.empty() && random.chance(0.75)) {
      const auto& near = frame.labels[random.below(frame.labels.size())];
      const std::string type = random.chance(0.8) ? near.type : one_of(random, types);
      frame.detections.push_back(test::detection(type, jittered(random, near.box), score));
    } else {
      frame.detections.push_back(test::detection(one_of(random, types), any_box(random), score));
    }
  }
  return frame;
}

std::vector<FrameObjects> any_scene(int number, Random& random) {
  std::vector<FrameObjects> frames;
  for (auto n = 1 + random.below(number % 10 == 0 ? 150 : 12); n > 0; --n)
    frames.push_back(any_frame(random, static_cast<int>(frames.size())));
  return frames;
}

bool same(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

/// Every figure of a is b's, to the bit.
bool same(const KittiResult& a, const KittiResult& b) {
  bool equal = a.detected == b.detected && a.frames == b.frames;
  for (std::size_t c = 0; c < class_count; ++c)
    for (std::size_t d = 0; d < difficulty_count; ++d) {
      const auto &x = a.classes[c][d], &y = b.classes[c][d];
      equal = equal && x.ground_truths == y.ground_truths && x.thresholds == y.thresholds && same(x.ap40, y.ap40) &&
              same(x.ap11, y.ap11) && same(x.mean41, y.mean41) && x.recall == y.recall;
      for (std::size_t i = 0; i < slot_count; ++i) equal = equal && same(x.precision[i], y.precision[i]);
    }
  return equal;
}

}  // namespace

TEST_CASE("equal to a second, plain implementation", "[evaluator_fuzz]") {
  int hits = 0;
  for (int scene = 0; scene < scenes; ++scene) {
    Random random(17, Purpose::scene, static_cast<std::uint64_t>(scene));
    const auto frames = any_scene(scene, random);
    for (const auto evaluator : {Evaluator::kitti2017, Evaluator::kitti2017a, Evaluator::kitti2012}) {
      const KittiResult result = evaluate(frames, evaluator);
      for (std::size_t c = 0; c < class_count; ++c)
        for (std::size_t d = 0; d < difficulty_count; ++d) {
          const auto plain = test::plain_precision({evaluator, c, d}, frames);
          const auto& ours = result.classes[c][d].precision;
          INFO("scene " << scene << " " << name_of(evaluator) << " " << class_names[c] << " " << difficulty_names[d]);
          bool equal = true;
          for (std::size_t i = 0; i < slot_count; ++i) {
            equal = equal && same(ours[i], plain[i]);
            hits += ours[i] > 0;
          }
          CHECK(equal);
        }
    }
  }
  CHECK(hits > 10'000);  // the scenes do ask something
}

TEST_CASE("the order and the sharing of frames never matter", "[evaluator_fuzz]") {
  for (int scene = 0; scene < scenes; ++scene) {
    Random random(18, Purpose::scene, static_cast<std::uint64_t>(scene));
    auto frames = any_scene(scene, random);
    const KittiResult before = evaluate(frames);
    for (std::size_t i = frames.size(); i-- > 1;) std::swap(frames[i], frames[random.below(i + 1)]);
    CHECK(same(evaluate(frames), before));

    const std::size_t cut = random.below(frames.size() + 1);
    const std::span<const FrameObjects> all = frames;
    const Matcher a(all.first(cut), Evaluator::kitti2017);
    const Matcher b(all.subspan(cut), Evaluator::kitti2017);
    FirstPass found = a.first_pass();
    found.merge(b.first_pass());
    const Thresholds thresholds = sample_thresholds(found);
    Counts counts = b.second_pass(thresholds);
    counts.merge(a.second_pass(thresholds));
    CHECK(same(average_precision(found, counts, thresholds, Evaluator::kitti2017), before));
  }
}

TEST_CASE("a further false positive never raises AP", "[evaluator_fuzz]") {
  int lowered = 0;
  for (int scene = 0; scene < scenes; ++scene) {
    Random random(19, Purpose::scene, static_cast<std::uint64_t>(scene));
    auto frames = any_scene(scene, random);
    const KittiResult before = evaluate(frames);
    double lowest = 1;
    for (const auto& frame : frames)
      for (const auto& detection : frame.detections) lowest = std::min(lowest, detection.score);
    auto& detections = frames[random.below(frames.size())].detections;
    const io::Box apart{2000, 0, 2100, 100};
    for (const double score : {lowest - 1, lowest, 0.5}) {
      for (const char* type : class_names) detections.push_back(test::detection(type, apart, score));
      const KittiResult after = evaluate(frames);
      for (std::size_t c = 0; c < class_count; ++c)
        for (std::size_t d = 0; d < difficulty_count; ++d) {
          const double then = before.classes[c][d].mean41, now = after.classes[c][d].mean41;
          if (std::isnan(then)) continue;  // 0 / 0 becomes 0 / 1
          CHECK(now <= then);
          if (score < lowest) CHECK(now == then);
          lowered += now < then;
        }
      detections.resize(detections.size() - class_count);
    }
  }
  CHECK(lowered > 100);
}
