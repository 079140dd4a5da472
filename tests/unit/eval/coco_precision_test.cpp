#include "eval/coco_precision.hpp"

#include <catch2/catch.hpp>

#include <cmath>

#include "eval/coco_frames.hpp"
#include "scenes.hpp"
#include "support/support.hpp"

using namespace fastbox;
using namespace fastbox::eval;

namespace {

const io::Box here{100, 100, 150, 150}, there{300, 100, 350, 150};  // 50 x 50: medium

CocoFigures cars(const std::vector<FrameObjects>& frames) {
  return coco_precision(coco_frames(frames)).classes[0];
}

CocoFigures cars(std::vector<io::Object> labels, std::vector<io::Object> detections) {
  return cars({{"000001", std::move(labels), std::move(detections)}});
}

}  // namespace

TEST_CASE("an exact detection has every figure of its area at 1", "[coco_precision]") {
  const auto found = cars({test::label("Car", here)}, {test::detection("car", here, 0.5)});
  for (const auto figure : {CocoFigure::ap, CocoFigure::ap50, CocoFigure::ap75, CocoFigure::ap_medium, CocoFigure::ar_1,
                            CocoFigure::ar_10, CocoFigure::ar_100, CocoFigure::ar_medium})
    CHECK(found[figure] == Approx(1).epsilon(1e-12));
  for (const auto figure : {CocoFigure::ap_small, CocoFigure::ap_large, CocoFigure::ar_small, CocoFigure::ar_large})
    CHECK(std::isnan(found[figure]));
  CHECK(found.ground_truths == 1);
}

TEST_CASE("an overlap counts for the thresholds up to it, itself included", "[coco_precision]") {
  io::Box wider = here;
  wider.right = 175;  // IoU 50 / 75
  CHECK(cars({test::label("Car", here)}, {test::detection("Car", wider, 1)})[CocoFigure::ap] == Approx(0.4));
  wider.right = 200;  // IoU exactly .5
  const auto half = cars({test::label("Car", here)}, {test::detection("Car", wider, 1)});
  CHECK(half[CocoFigure::ap] == Approx(0.1));
  CHECK(half[CocoFigure::ap50] == Approx(1));
  CHECK(half[CocoFigure::ap75] == 0);
}

TEST_CASE("precision is read at 101 recalls", "[coco_precision]") {
  // One of two found, after a false one: precision 1/2 at the recalls 0 .. .50.
  const auto found = cars({test::label("Car", here), test::label("Car", there)},
                          {test::detection("Car", {500, 100, 550, 150}, 0.9), test::detection("Car", here, 0.8)});
  CHECK(found[CocoFigure::ap] == Approx(51 * 0.5 / 101));
  CHECK(found[CocoFigure::ar_1] == 0);
  CHECK(found[CocoFigure::ar_10] == Approx(0.5));
}

TEST_CASE("DontCare excuses detections of every class and any number", "[coco_precision]") {
  const std::vector<io::Object> labels = {test::label("Car", here), test::label("Pedestrian", here),
                                          test::label("DontCare", {290, 90, 400, 200})};
  const FrameObjects frame = {
      "000001",
      labels,
      {test::detection("Car", there, 0.9), test::detection("Car", there, 0.8), test::detection("Car", here, 0.7),
       test::detection("Pedestrian", there, 0.9), test::detection("Pedestrian", here, 0.7)}};
  const CocoResult result = coco_precision(coco_frames(std::vector{frame}));
  CHECK(result.classes[0][CocoFigure::ap] == Approx(1));
  CHECK(result.classes[1][CocoFigure::ap] == Approx(1));
  CHECK(std::isnan(result.classes[2][CocoFigure::ap]));
  CHECK(result.all[CocoFigure::ap] == Approx(1));  // of the classes that have ground truth
  CHECK(result.all.ground_truths == 2);
}

TEST_CASE("neighbours are excused for their class alone, other types for none", "[coco_precision]") {
  const auto ap = [](const char* neighbour, const char* type) {
    const FrameObjects frame = {"000001",
                                {test::label(type, here), test::label(neighbour, there)},
                                {test::detection(type, there, 0.9), test::detection(type, here, 0.8)}};
    const auto c = static_cast<std::size_t>(coco_category(type).value() - 1);
    return coco_precision(coco_frames(std::vector{frame})).classes[c][CocoFigure::ap];
  };
  CHECK(ap("Van", "Car") == Approx(1));
  CHECK(ap("Person_sitting", "Pedestrian") == Approx(1));
  for (const char* other : {"Truck", "Tram", "Misc", "Person_sitting", "Cyclist"})
    CHECK(ap(other, "Car") == Approx(0.5));
  CHECK(ap("Van", "Cyclist") == Approx(0.5));
}

TEST_CASE("only the hundred best detections of a frame and class count", "[coco_precision]") {
  std::vector<io::Object> detections(100, test::detection("Car", there, 0.5));
  detections.push_back(test::detection("Car", here, 0.4));
  CHECK(cars({test::label("Car", here)}, detections)[CocoFigure::ar_100] == 0);
  detections.back().score = 0.6;
  CHECK(cars({test::label("Car", here)}, detections)[CocoFigure::ar_100] == Approx(1));
}

TEST_CASE("a class without detections has 0, without ground truth nothing", "[coco_precision]") {
  CHECK(cars({test::label("Car", here)}, {})[CocoFigure::ap] == 0);
  CHECK(cars({test::label("Car", here)}, {})[CocoFigure::ar_100] == 0);
  CHECK(std::isnan(cars({}, {test::detection("Car", here, 1)})[CocoFigure::ap]));
  CHECK(std::isnan(coco_precision({}).all[CocoFigure::ap]));
}

TEST_CASE("the order of frames changes no digit", "[coco_precision]") {
  // Equal scores: what comes first decides.
  std::vector<FrameObjects> frames = {{"000002", {test::label("Car", here)}, {test::detection("Car", here, 0.5)}},
                                      {"000010", {test::label("Car", here)}, {test::detection("Car", there, 0.5)}}};
  const double ap = cars(frames)[CocoFigure::ap];
  CHECK(ap == Approx(51.0 / 101));
  std::swap(frames[0], frames[1]);
  CHECK(cars(frames)[CocoFigure::ap] == ap);
  frames[0].name = "000001";  // the false one is now first
  CHECK(cars(frames)[CocoFigure::ap] == Approx(51.0 / 101 / 2));
}

TEST_CASE("image ids are a function of the name alone", "[coco_precision]") {
  CHECK(coco_image_id("000007") == 7);
  CHECK(coco_image_id("0") == 0);
  CHECK(coco_image_id("999999999999999") == 999999999999999);
  CHECK(coco_image_id("") > std::int64_t{1} << 52);
  for (const char* name : {"frame_7", "7a", "-7", "1000000000000000"}) {
    CHECK(coco_image_id(name) >= std::int64_t{1} << 52);
    CHECK(coco_image_id(name) < std::int64_t{1} << 53);
    CHECK(coco_image_id(name) == coco_image_id(name));
  }
  CHECK(coco_image_id("a") == (std::int64_t{1} << 52) + 0xca978112ca1bb);  // SHA-256 of "a" begins so
  CHECK(coco_image_id("a") != coco_image_id("b"));
}

TEST_CASE("two frames of one id and numbers that are not finite are errors", "[coco_precision]") {
  const auto twice = test::caught([] { coco_frames(std::vector<FrameObjects>{{"7", {}, {}}, {"000007", {}, {}}}); });
  CHECK(twice.code == ExitCode::data);
  CHECK(twice.mentions("frames 7 and 000007"));
  CHECK(test::caught([] {
          coco_precision(std::vector<CocoFrame>{{7, "7", {}, {}}, {7, "007", {}, {}}});
        }).mentions("are both COCO's image 7"));
  io::Box endless = here;
  endless.right = std::numeric_limits<double>::infinity();
  CHECK(test::caught([&] { cars({}, {test::detection("Car", endless, 1)}); }).mentions("frame 000001: a detection"));
  CHECK(test::caught([&] { cars({test::label("Car", endless)}, {}); }).mentions("frame 000001: a label"));
  CHECK(test::caught([&] { cars({}, {test::detection("Car", here, std::nan(""))}); }).code == ExitCode::data);
}
