// Stitch worked out by hand from KittiBox's rules; standard suppression; scaling to the frame.
#include <catch2/catch.hpp>

#include <cmath>

#include "base/text.hpp"
#include "eval/suppression.hpp"

using namespace fastbox;
using namespace fastbox::eval;

namespace {

/// A box of height 100 about y = 100.
Candidate at(double cx, double w, double confidence) {
  return {cx, 100, w, 100, confidence};
}

/// "cx:confidence" of each box, in order.
std::string text_of(const std::vector<Candidate>& boxes) {
  std::vector<std::string> words;
  for (const auto& box : boxes) words.push_back(concat(shortest(box.cx), ':', shortest(box.confidence)));
  return join(words, " ");
}

}  // namespace

TEST_CASE("boxes apart are accepted from high passes to low, in raster order within one", "[suppression]") {
  CHECK(text_of(stitch({at(100, 50, 0.3), at(300, 50, 0.85), at(500, 50, 0.95), at(700, 50, 0.002),
                        at(900, 50, 0.001)})) == "300:0.85 500:0.95 100:0.3 700:0.002");
  CHECK(stitch({}).empty());
}

TEST_CASE("a pass's bound is a float and is not passed by itself", "[suppression]") {
  // .8f is above the double .8; were it let in by the first pass it would stand first.
  CHECK(text_of(stitch({at(100, 50, double{.8f}), at(300, 50, 0.81)})).substr(0, 4) == "300:");
}

TEST_CASE("a surer box nearby replaces and is written with the other's confidence", "[suppression]") {
  // 100 wide, 10 apart: IoU 90/110 = .82.
  CHECK(text_of(stitch({at(100, 100, 0.85), at(110, 100, 0.95)})) == "110:0.85");
  // The other way round it is rejected at once, and again in each later pass.
  CHECK(text_of(stitch({at(100, 100, 0.95), at(110, 100, 0.85)})) == "100:0.95");
  // Equal confidences: the first stays.
  CHECK(text_of(stitch({at(100, 100, 0.85), at(110, 100, 0.85)})) == "100:0.85");
}

TEST_CASE("a surer box that overlaps less than .7 is rejected", "[suppression]") {
  // 100 wide, 30 apart: IoU 70/130 = .54.
  CHECK(text_of(stitch({at(100, 100, 0.85), at(130, 100, 0.95)})) == "100:0.85");
  // 50 apart: IoU 50/150 = .33, not above tau: both.
  CHECK(text_of(stitch({at(100, 100, 0.85), at(150, 100, 0.95)})) == "100:0.85 150:0.95");
  CHECK(text_of(stitch({at(100, 100, 0.85), at(150, 100, 0.95)}, 0.3)) == "100:0.85");
}

TEST_CASE("a replacing box stands at the end and is compared by its own confidence", "[suppression]") {
  // The second replaces the first (written .85, own .95); the third has .9, more than .85 and less than .95.
  CHECK(text_of(stitch({at(100, 100, 0.85), at(500, 100, 0.84), at(110, 100, 0.95), at(115, 100, 0.9)})) ==
        "500:0.84 110:0.85");
  // A chain: the third's .99 beats .95, and it is written with .95, not .85.
  CHECK(text_of(stitch({at(100, 100, 0.85), at(110, 100, 0.95), at(115, 100, 0.99)})) == "115:0.95");
}

TEST_CASE("a later pass rejects what is surer than its upper bound", "[suppression]") {
  // a-b 47 apart: IoU 53/147 = .36, b is rejected. a-d 64 apart: .22, d is accepted in the second pass. Then
  // b is nearest to d (17 apart, IoU 83/117 = .71) and surer, but above the third pass's upper .8.
  CHECK(text_of(stitch({at(100, 100, 0.9), at(147, 100, 0.95), at(164, 100, 0.75)})) == "100:0.9 164:0.75");
  // Below the upper bound it would replace: the same, one step lower in confidence, with b at .78.
  CHECK(text_of(stitch({at(100, 100, 0.9), at(147, 100, 0.78), at(164, 100, 0.75)})) == "100:0.9 147:0.75");
}

TEST_CASE("of equally near boxes, in tens of pixels, the earliest is meant", "[suppression]") {
  // 20 x 20: p and q are 11 apart (IoU 9/31 = .29: both accepted); c is 3 from p (IoU 17/23 = .74) and 8 from
  // q (12/28 = .43).
  const auto small = [](double cx, double confidence) { return Candidate{cx, 100, 20, 20, confidence}; };
  const Candidate p = small(100, 0.81), q = small(111, 0.82), c = small(103, 0.95);
  CHECK(text_of(stitch({p, q, c})) == "111:0.82 103:0.81");
  CHECK(text_of(stitch({q, p, c})) == "111:0.82 100:0.81");
}

TEST_CASE("an intersection's edges are cut to whole pixels", "[suppression]") {
  // 94.5 .. 105.5 and 100 .. 110: 5 of 16 columns shared when cut (.31), 5.5 of 15.5 when not (.355).
  const std::vector<Candidate> boxes = {at(100, 11, 0.9), at(105, 10, 0.85)};
  CHECK(text_of(stitch(boxes)) == "100:0.9 105:0.85");
  CHECK(text_of(stitch(boxes, 0.35, false)) == "100:0.9");
}

TEST_CASE("a box without size is accepted in every pass that reaches it, as in KittiBox's own results",
          "[suppression]") {
  // Frame 001483 of KittiBox's shipped detections holds one of .223 six times: passes .2 .1 .05 .02 .005
  // .001.
  CHECK(stitch({at(1241, -1, 0.223186)}).size() == 6);
}

TEST_CASE("standard suppression keeps the surest of those that overlap", "[suppression]") {
  const std::vector<Candidate> boxes = {at(100, 100, 0.5), at(110, 100, 0.9), at(150, 100, 0.7), at(500, 100, 0.2)};
  // 110-150: 60/140 = .43.
  CHECK(text_of(suppress(boxes, 0.5)) == "110:0.9 150:0.7 500:0.2");
  CHECK(text_of(suppress(boxes, 0.35)) == "110:0.9 500:0.2");
  // An overlap of just the bound stays: 100 wide, 50 apart is 1/3.
  CHECK(suppress({at(100, 100, 0.5), at(150, 100, 0.6)}, 1.0 / 3).size() == 2);
  // Raster order among equals; what a suppressed box covers is free again.
  CHECK(text_of(suppress({at(100, 100, 0.5), at(105, 100, 0.5)}, 0.5)) == "100:0.5");
  CHECK(text_of(suppress({at(100, 100, 0.9), at(140, 100, 0.8), at(180, 100, 0.7)}, 0.4)) == "100:0.9 180:0.7");
  CHECK(suppress({}, 0.5).empty());
}

TEST_CASE("soft suppression lowers what overlaps and drops nothing above the bound", "[suppression]") {
  // IoU 1/3: exp(-(1/3)^2 / 0.5) = exp(-2/9).
  const auto kept = suppress_softly({at(100, 100, 0.8), at(150, 100, 0.6), at(400, 100, 0.5)}, 0.001);
  REQUIRE(kept.size() == 3);
  CHECK(kept[0].confidence == 0.8);
  CHECK(kept[1].confidence == 0.5);  // now surer than the one that it comes before
  CHECK(kept[1].cx == 400);
  CHECK(kept[2].confidence == Approx(0.6 * std::exp(-2.0 / 9)).epsilon(1e-14));
  CHECK(suppress_softly({at(100, 100, 0.8), at(100, 100, 0.6)}, 0.1).size() == 1);  // 0.6 exp(-2) = 0.08
  CHECK(suppress_softly({}, 0.1).empty());
}

TEST_CASE("the overlap of candidates", "[suppression]") {
  CHECK(intersection_over_union(at(100, 100, 1), at(150, 100, 1)) == Approx(1.0 / 3).epsilon(1e-15));
  CHECK(intersection_over_union(at(100, 100, 1), at(300, 100, 1)) == 0);
}

TEST_CASE("boxes are scaled to the frame and written as results", "[suppression]") {
  const GridGeometry grid{1248, 384, 32};
  const auto objects = to_objects({{104, 128, 52, 64, 0.5}}, grid, 1242, 375, {.type = "Cyclist"});
  REQUIRE(objects.size() == 1);
  CHECK(objects[0].type == "Cyclist");
  CHECK(objects[0].score == 0.5);
  CHECK(objects[0].box.left == Approx(78 * 1242.0 / 1248).epsilon(1e-14));
  CHECK(objects[0].box.right == Approx(130 * 1242.0 / 1248).epsilon(1e-14));
  CHECK(objects[0].box.top == Approx(96 * 375.0 / 384).epsilon(1e-14));
  CHECK(objects[0].box.bottom == Approx(160 * 375.0 / 384).epsilon(1e-14));
  CHECK(objects[0].alpha == -10);
}

TEST_CASE("boxes are clipped to the frame only when asked", "[suppression]") {
  const GridGeometry grid{64, 32, 32};
  const std::vector<Candidate> boxes = {{0, 16, 20, 100, 0.5}, {200, 16, 20, 20, 0.4}};
  const auto free = to_objects(boxes, grid, 64, 32);
  REQUIRE(free.size() == 2);
  CHECK(free[0].box.left == -10);
  CHECK(free[0].box.bottom == 66);
  const auto clipped = to_objects(boxes, grid, 64, 32, {.type = "Car", .clip = true});
  REQUIRE(clipped.size() == 1);
  CHECK(clipped[0].box.left == 0);
  CHECK(clipped[0].box.top == 0);
  CHECK(clipped[0].box.right == 10);
  CHECK(clipped[0].box.bottom == 31);
}
