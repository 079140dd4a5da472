#include "eval/explanation_drawing.hpp"

#include <catch2/catch.hpp>

#include "support/support.hpp"

using namespace fastbox;

namespace {

io::Object car() {
  io::Object object;
  object.type = "Car";
  object.box = {150, 60, 200, 90};
  return object;
}

/// 1 in the lower left quarter, else 0; a quarter of the frame's size.
cv::Mat quarter() {
  cv::Mat map = cv::Mat::zeros(32, 80, CV_32FC1);
  map(cv::Rect(0, 16, 40, 16)) = 0.002f;
  return map;
}

int brightness(const cv::Vec3b& pixel) {
  return pixel[0] + pixel[1] + pixel[2];
}

}  // namespace

TEST_CASE("heat lies where the map is high, and the rest of the frame is grey and darker", "[explanation_drawing]") {
  cv::Mat picture(128, 320, CV_8UC3, cv::Scalar(120, 90, 200));
  eval::draw_explanation(picture, quarter(), car(), "Car 0.93");
  CHECK(picture.size() == cv::Size(320, 128));
  const auto hot = picture.at<cv::Vec3b>(110, 30), cold = picture.at<cv::Vec3b>(20, 30);
  CHECK(brightness(hot) > 2 * brightness(cold));
  CHECK(hot[0] > hot[2] + 40);  // inferno's bright end is yellow
  CHECK((cold[0] == cold[1] && cold[1] == cold[2]));
  CHECK(brightness(cold) < 120 + 90 + 200);
  CHECK(brightness(cold) > 0);
}

TEST_CASE("the box and its words are drawn in the class's colour", "[explanation_drawing]") {
  cv::Mat with(128, 320, CV_8UC3, cv::Scalar(0, 0, 0));
  eval::draw_explanation(with, cv::Mat::zeros(4, 10, CV_32FC1), car(), "Car 0.93");
  const auto edge = with.at<cv::Vec3b>(75, 150);
  CHECK((edge[1] > 200 && edge[1] > edge[0] && edge[1] > edge[2]));                   // cars are green
  CHECK(cv::countNonZero(with.reshape(1)(cv::Rect(3 * 150, 40, 3 * 40, 18))) > 500);  // the plate above
}

TEST_CASE("other kinds of pictures and maps are refused", "[explanation_drawing]") {
  cv::Mat picture(10, 20, CV_8UC3), grey(10, 20, CV_8UC1);
  CHECK(test::caught([&] { eval::draw_explanation(grey, quarter(), car(), ""); }).code == ExitCode::defect);
  CHECK(test::caught([&] { eval::draw_explanation(picture, grey, car(), ""); }).mentions("32-bit floats"));
}
