#include "data/corruption.hpp"

#include <catch2/catch.hpp>

using namespace fastbox;
using namespace fastbox::data;
using Kind = Corruption::Kind;

namespace {

cv::Mat halves() {
  cv::Mat picture(64, 96, CV_8UC3, cv::Scalar(120, 120, 120));
  picture.colRange(48, 96).setTo(cv::Scalar(200, 40, 80));
  return picture;
}

double distance(const cv::Mat& a, const cv::Mat& b) {
  return cv::norm(a, b, cv::NORM_L2) / std::sqrt(static_cast<double>(a.total() * 3));
}

}  // namespace

TEST_CASE("noise has its mean and deviation, and is a function of seed and frame", "[corruption]") {
  const cv::Mat grey(200, 200, CV_8UC3, cv::Scalar(128, 128, 128));
  const cv::Mat noisy = corrupted(grey, {Kind::noise, 1, 10}, 3, 7);
  cv::Scalar mean, deviation;
  cv::meanStdDev(noisy, mean, deviation);
  for (int c = 0; c < 3; ++c) {
    CHECK(mean[c] == Approx(128).margin(0.3));
    CHECK(deviation[c] == Approx(10).margin(0.3));
  }
  CHECK(distance(noisy, corrupted(grey, {Kind::noise, 1, 10}, 3, 7)) == 0);
  CHECK(distance(noisy, corrupted(grey, {Kind::noise, 1, 10}, 4, 7)) > 10);
  CHECK(distance(noisy, corrupted(grey, {Kind::noise, 1, 10}, 3, 8)) > 10);
  CHECK(grey.at<cv::Vec3b>(5, 5) == cv::Vec3b(128, 128, 128));
}

TEST_CASE("darkness is a factor; blur spreads an edge and leaves what is flat; JPEG keeps size and colours",
          "[corruption]") {
  const cv::Mat picture = halves();
  const cv::Mat dark = corrupted(picture, {Kind::darkness, 1, 0.25}, 1, 0);
  CHECK(dark.at<cv::Vec3b>(10, 80) == cv::Vec3b(50, 10, 20));
  const cv::Mat blurred = corrupted(picture, {Kind::blur, 2, 2}, 1, 0);
  CHECK(blurred.at<cv::Vec3b>(10, 10) == cv::Vec3b(120, 120, 120));
  CHECK(blurred.at<cv::Vec3b>(10, 48)[0] > 130);
  CHECK(blurred.at<cv::Vec3b>(10, 48)[0] < 190);
  const cv::Mat packed = corrupted(picture, {Kind::jpeg, 1, 90}, 1, 0);
  REQUIRE(packed.size() == picture.size());
  CHECK(std::abs(packed.at<cv::Vec3b>(30, 80)[0] - 200) < 8);  // red stays the first channel
  CHECK(std::abs(packed.at<cv::Vec3b>(30, 80)[1] - 40) < 8);
}

TEST_CASE("a higher severity is further from the picture", "[corruption]") {
  cv::Mat picture = corrupted(halves(), {Kind::noise, 1, 25}, 9, 9);  // with detail to lose
  double before = 0;
  for (const auto& one : standard_corruptions()) {
    INFO(name_of(one.kind) << ", " << strength_text(one));
    const double now = distance(picture, corrupted(picture, one, 1, 0));
    if (one.severity == 1) before = 0;
    CHECK(now > before);
    before = now;
  }
}
