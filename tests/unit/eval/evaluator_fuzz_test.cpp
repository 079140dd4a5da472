// Made-up scenes, crowded and full of ties, against a second implementation; and what must hold for any
// scene.
#include <catch2/catch.hpp>

#include <cmath>

#include "any_scene.hpp"
#include "eval/matching.hpp"
#include "plain_evaluator.hpp"

using namespace fastbox;
using namespace fastbox::eval;
using test::any_scene;

namespace {

constexpr int scenes = 300;

bool same(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

/// Every figure of a is b's, to the bit.
bool same(const KittiResult& a, const KittiResult& b) {
  bool equal = a.detected == b.detected && a.frames == b.frames;
  for (std::size_t c = 0; c < kitti_class_count; ++c)
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
      for (std::size_t c = 0; c < kitti_class_count; ++c)
        for (std::size_t d = 0; d < difficulty_count; ++d) {
          const auto plain = test::plain_precision({evaluator, c, d}, frames);
          const auto& ours = result.classes[c][d].precision;
          INFO("scene " << scene << " " << name_of(evaluator) << " " << kitti_class_names[c] << " "
                        << difficulty_names[d]);
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
      for (const char* type : kitti_class_names) detections.push_back(test::detection(type, apart, score));
      const KittiResult after = evaluate(frames);
      for (std::size_t c = 0; c < kitti_class_count; ++c)
        for (std::size_t d = 0; d < difficulty_count; ++d) {
          const auto &then = before.classes[c][d], &now = after.classes[c][d];
          if (std::isnan(then.mean41)) continue;  // 0 / 0 becomes 0 / 1
          CHECK((now.mean41 <= then.mean41 && now.ap40 <= then.ap40 && now.ap11 <= then.ap11));
          if (score < lowest) CHECK((now.mean41 == then.mean41 && now.ap40 == then.ap40 && now.ap11 == then.ap11));
          lowered += now.mean41 < then.mean41;
        }
      detections.resize(detections.size() - kitti_class_count);
    }
  }
  CHECK(lowered > 100);
}
