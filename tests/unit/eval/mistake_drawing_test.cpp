#include <catch2/catch.hpp>

#include <opencv2/core.hpp>

#include <limits>

#include "eval/mistake_drawing.hpp"
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

/// Smooth lines of one pixel are a little off their colour.
int pixels_of_colour(const cv::Mat& picture, const cv::Scalar& colour) {
  cv::Mat found;
  cv::inRange(picture, colour - cv::Scalar::all(25), colour + cv::Scalar::all(25), found);
  return cv::countNonZero(found);
}

/// The ways along the left line of `box` in which `colour` begins.
int dashes(const cv::Mat& picture, const io::Box& box, const cv::Scalar& colour) {
  int begins = 0;
  bool within = false;
  for (int y = static_cast<int>(box.top) + 4; y < static_cast<int>(box.bottom) - 4; ++y) {
    const bool is = pixels_of_colour(picture(cv::Rect(static_cast<int>(box.left), y, 1, 1)), colour) == 1;
    begins += is && !within;
    within = is;
  }
  return begins;
}

const io::Box left_box{100, 100, 220, 200}, middle_box{500, 100, 620, 200}, right_box{900, 100, 1020, 200};

}  // namespace

TEST_CASE("a miss is dashed red, a false positive solid amber, what was found thin", "[mistake_drawing]") {
  for (const int grey : {20, 128, 250}) {
    cv::Mat picture = frame_of(grey);
    draw_mistakes(picture, {detection("Car", middle_box, 0.8), detection("Car", right_box, 0.9)},
                  {label("Car", left_box), label("Car", middle_box)}, {0}, {1});
    CHECK(dashes(picture, left_box, missed_colour) > 3);
    CHECK(dashes(picture, right_box, false_colour) == 1);
    CHECK(dashes(picture, middle_box, colour_of("Car")) == 1);
    CHECK(pixels_of_colour(picture(cv::Rect(400, 0, 400, 375)), missed_colour) == 0);
    CHECK(pixels_of_colour(picture(cv::Rect(400, 0, 400, 375)), false_colour) == 0);
    CHECK(pixels_of_colour(picture(cv::Rect(0, 0, 400, 375)), false_colour) == 0);
    // Of the same size, the false one's line is more than twice the found one's.
    CHECK(pixels_of_colour(picture(cv::Rect(880, 130, 40, 40)), false_colour) >
          2 * pixels_of_colour(picture(cv::Rect(480, 130, 40, 40)), colour_of("Car")));
    CHECK(picture.at<cv::Vec3b>(150, 960) == cv::Vec3b::all(static_cast<uchar>(grey)));  // within a box
  }
}

TEST_CASE("mistakes carry plates, what was found does not", "[mistake_drawing]") {
  cv::Mat picture = frame_of(90);
  draw_mistakes(picture, {detection("Car", middle_box, 0.8), detection("Car", right_box, 0.9)},
                {label("Car", left_box), label("Car", middle_box)}, {0}, {1});
  const auto plates = place_captions({{left_box, "missed Car"}, {right_box, "false Car 0.90"}}, picture.size());
  CHECK(2 * pixels_of_colour(picture(plates[0].area), missed_colour) > plates[0].area.area());
  CHECK(2 * pixels_of_colour(picture(plates[1].area), false_colour) > plates[1].area.area());
  for (const auto& plate : plates) CHECK(pixels_of_colour(picture(plate.area), cv::Scalar::all(0)) > 5);  // letters
  CHECK(pixels_of_colour(picture(cv::Rect(490, 60, 140, 36)), cv::Scalar::all(90)) == 140 * 36);
}

TEST_CASE("a frame without mistakes is quiet, and DontCare may be left out", "[mistake_drawing]") {
  cv::Mat picture = frame_of(90);
  const std::vector<io::Object> labels = {label("DontCare", left_box)};
  draw_mistakes(picture, {}, labels, {}, {});
  CHECK(pixels_of_colour(picture, colour_of("DontCare")) > 20);
  cv::Mat without = frame_of(90);
  draw_mistakes(without, {}, labels, {}, {}, {.draw_dont_care = false});
  CHECK(pixels_of_colour(without, cv::Scalar::all(90)) == 1242 * 375);
}

TEST_CASE("false positives under the minimum score are not drawn, misses always are", "[mistake_drawing]") {
  const auto amber = [](double minimum) {
    cv::Mat picture = frame_of(90);
    draw_mistakes(picture, {detection("Car", right_box, 0.2)}, {label("Car", left_box)}, {0}, {0},
                  {.minimum_score = minimum});
    CHECK(pixels_of_colour(picture, missed_colour) > 0);
    return pixels_of_colour(picture, false_colour);
  };
  CHECK(amber(0.3) == 0);
  CHECK(amber(0.2) > 500);
}

TEST_CASE("the places may come in any order and the plates of a crowd keep apart", "[mistake_drawing]") {
  std::vector<io::Object> detections;
  std::vector<Caption> captions;
  for (int i = 0; i < 6; ++i) {
    detections.push_back(detection("Pedestrian", {400.0 + 20 * i, 150, 430.0 + 20 * i, 230}, 0.9 - 0.1 * i));
    captions.push_back({detections.back().box, "false Pedestrian"});
  }
  cv::Mat forward = frame_of(90), backward = frame_of(90);
  draw_mistakes(forward, detections, {}, {}, {0, 1, 2, 3, 4, 5});
  draw_mistakes(backward, detections, {}, {}, {5, 3, 1, 4, 2, 0});
  CHECK(cv::norm(forward, backward, cv::NORM_L1) == 0);
  const auto plates = place_captions(captions, forward.size());
  for (std::size_t i = 0; i < plates.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) CHECK((plates[i].area & plates[j].area).area() == 0);
}

TEST_CASE("mistakes outside the frame and turned inside out are drawn without harm", "[mistake_drawing]") {
  const double infinite = std::numeric_limits<double>::infinity();
  const io::Box boxes[] = {{-50, -50, 20, 20},     {1230, 0, 1300, 30},         {5000, 5000, 6000, 6000},
                           {-1e9, -1e9, 1e9, 1e9}, {-infinite, 0, infinite, 9}, {700, 50, 650, 20}};
  for (const cv::Size size : {cv::Size(1242, 375), cv::Size(320, 96), cv::Size(12, 9)})
    for (const io::Box& box : boxes) {
      cv::Mat missed = frame_of(90, size), wrong = frame_of(90, size);
      draw_mistakes(missed, {}, {label("Person_sitting", box)}, {0}, {});
      draw_mistakes(wrong, {detection("Person_sitting", box, 0.5)}, {}, {}, {0});
      CHECK(pixels_of_colour(missed, missed_colour) > 0);  // the plate at least
      CHECK(pixels_of_colour(wrong, false_colour) > 0);
    }
}

TEST_CASE("places that there are not and pictures of another kind are refused", "[mistake_drawing]") {
  cv::Mat picture = frame_of(90), grey(10, 10, CV_8UC1);
  const auto error = test::caught([&] { draw_mistakes(picture, {}, {label("Car", left_box)}, {1}, {}); });
  CHECK(error.code == ExitCode::defect);
  CHECK(error.mentions("missed label 1 of 1"));
  CHECK(test::caught([&] { draw_mistakes(picture, {}, {}, {}, {0}); }).mentions("false detection 0 of 0"));
  CHECK(test::caught([&] { draw_mistakes(grey, {}, {}, {}, {}); }).code == ExitCode::defect);
}
