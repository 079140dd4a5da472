#include <catch2/catch.hpp>

#include <opencv2/core.hpp>

#include <algorithm>

#include "eval/drawing.hpp"
#include "scenes.hpp"
#include "support/support.hpp"

using namespace fastbox;
using namespace fastbox::eval;
using test::detection;
using test::label;

namespace {

cv::Mat frame_of(int grey, cv::Size size = {1242, 375}) {
  return cv::Mat(size, CV_8UC3, cv::Scalar::all(grey));
}

int changed_pixels(const cv::Mat& a, const cv::Mat& b) {
  cv::Mat difference;
  cv::absdiff(a, b, difference);
  return cv::countNonZero(difference.reshape(1));
}

bool has_colour(const cv::Mat& picture, const cv::Scalar& colour) {
  cv::Mat found;
  cv::inRange(picture, colour, colour, found);
  return cv::countNonZero(found) > 0;
}

}  // namespace

TEST_CASE("a box is drawn in its class's colour with a dark outline, on any ground", "[drawing]") {
  for (const int grey : {20, 128, 250}) {
    cv::Mat picture = frame_of(grey);
    draw_objects(picture, {detection("Car", {300, 100, 400, 200}, 0.9)});
    CHECK(picture.at<cv::Vec3b>(150, 300) == cv::Vec3b(64, 255, 96));                    // the line, left
    CHECK(picture.at<cv::Vec3b>(150, 350) == cv::Vec3b::all(static_cast<uchar>(grey)));  // within the box
    for (const int beside : {298, 302}) {
      const auto outline = picture.at<cv::Vec3b>(150, beside);
      CHECK(std::max({outline[0], outline[1], outline[2]}) < 70);
    }
  }
}

TEST_CASE("classes have colours of their own, whatever their case", "[drawing]") {
  CHECK(colour_of("CAR") == colour_of("car"));
  CHECK(colour_of("Car") != colour_of("Pedestrian"));
  CHECK(colour_of("Cyclist") != colour_of("Pedestrian"));
  CHECK(colour_of("Zebra") == colour_of("DontCare"));
}

TEST_CASE("detections under the minimum score are not drawn", "[drawing]") {
  const cv::Mat before = frame_of(90);
  cv::Mat picture = before.clone();
  draw_objects(picture, {detection("Car", {300, 100, 400, 200}, 0.29)});
  CHECK(changed_pixels(before, picture) == 0);
  draw_objects(picture, {detection("Car", {300, 100, 400, 200}, 0.3)});
  CHECK(changed_pixels(before, picture) > 500);
  cv::Mat other = before.clone();
  draw_objects(other, {detection("Car", {300, 100, 400, 200}, 0.05)}, {}, {.minimum_score = 0.01});
  CHECK(changed_pixels(before, other) > 500);
}

TEST_CASE("the ground truth is thinner than a detection", "[drawing]") {
  const cv::Mat before = frame_of(90);
  const io::Box box{300, 100, 400, 200};
  cv::Mat truth = before.clone(), found = before.clone();
  draw_objects(truth, {}, {label("Car", box)});
  draw_objects(found, {detection("Car", box, 0.9)});
  CHECK(changed_pixels(before, truth) > 300);
  CHECK(changed_pixels(before, truth) < changed_pixels(before, found) / 2);
  cv::Mat without = before.clone();
  draw_objects(without, {}, {label("DontCare", box)}, {.draw_dont_care = false});
  CHECK(changed_pixels(before, without) == 0);
  draw_objects(without, {}, {label("DontCare", box)});
  CHECK(changed_pixels(before, without) > 0);
}

TEST_CASE("plates stay inside the frame", "[drawing]") {
  const io::Box boxes[] = {{-50, -50, 20, 20},     {1230, 0, 1300, 30},  {1200, 360, 1241, 374},   {0, 0, 1241, 374},
                           {-1e9, -1e9, 1e9, 1e9}, {600, 370, 640, 500}, {5000, 5000, 6000, 6000}, {700, 50, 650, 20}};
  for (const cv::Size size : {cv::Size(1242, 375), cv::Size(320, 96), cv::Size(2484, 750)})
    for (const io::Box& box : boxes) {
      const auto plates = place_plates({detection("Person_sitting", box, 0.5)}, size);
      REQUIRE(plates.size() == 1);
      CHECK(plates[0].text == "Person_sitting 0.50");
      CHECK((plates[0].area & cv::Rect({}, size)) == plates[0].area);
      CHECK(plates[0].area.contains(plates[0].origin));
      cv::Mat picture = frame_of(90, size);
      draw_objects(picture, {detection("Person_sitting", box, 0.5)});
      CHECK(has_colour(picture(plates[0].area), colour_of("Person_sitting")));
    }
}

TEST_CASE("plates of neighbours do not cover each other", "[drawing]") {
  std::vector<io::Object> crowd;
  for (int i = 0; i < 6; ++i)
    crowd.push_back(detection("Pedestrian", {400.0 + 20 * i, 150, 430.0 + 20 * i, 230}, 0.9 - 0.1 * i));
  const auto plates = place_plates(crowd, {1242, 375});
  for (std::size_t i = 0; i < plates.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) CHECK((plates[i].area & plates[j].area).area() == 0);
  CHECK(plates[0].area.br().y <= 150);  // the first has the place above its box
}

TEST_CASE("a picture that is not 8-bit RGB is refused", "[drawing]") {
  cv::Mat grey(10, 10, CV_8UC1);
  CHECK(test::caught([&] { draw_objects(grey, {}); }).code == ExitCode::defect);
}
