#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

#include "data/augment.hpp"
#include "unit/data/plain_image.hpp"

using namespace fastbox;
using Catch::Detail::Approx;

namespace {

io::Object car(double left, double top, double right, double bottom) {
  io::Object object;
  object.type = "Car";
  object.box = {left, top, right, bottom};
  return object;
}

const data::ObjectRoles& roles() {
  static const data::ObjectRoles known{config::Settings{}};
  return known;
}

std::vector<float> coloured(const cv::Mat& rgb, const data::Colour& colour, bool flip = false) {
  std::vector<float> out(rgb.total() * 3, -1);
  const data::Region whole{0, 0, double(rgb.cols), double(rgb.rows)};
  data::ImageMaker().make(rgb, whole, flip, colour, rgb.cols, rgb.rows, out);
  return out;
}

cv::Mat one_pixel(int r, int g, int b) {
  return cv::Mat(1, 1, CV_8UC3, cv::Scalar(r, g, b));
}

cv::Mat two_pixels() {
  cv::Mat rgb(1, 2, CV_8UC3);
  rgb.at<cv::Vec3b>(0, 0) = {10, 100, 250};
  rgb.at<cv::Vec3b>(0, 1) = {30, 200, 250};
  return rgb;
}

}  // namespace

TEST_CASE("draws stay in their ranges and reach all of them", "[augment]") {
  config::AugmentationSettings settings;
  settings.scale = {0.9, 1.1};
  settings.shift = 16;
  settings.hue = 0.15;
  settings.saturation = {0.5, 1.6};
  int flips = 0;
  double least_scale = 9, most_scale = 0, least_hue = 1, most_hue = -1;
  for (std::uint64_t sample = 0; sample < 2000; ++sample) {
    Random random = data::image_stream(1, 0, sample);
    const auto geometry = data::draw_geometry(settings, random);
    const auto colour = data::draw_colour(settings, random);
    flips += geometry.flip;
    CHECK(std::max(std::abs(geometry.shift_x), std::abs(geometry.shift_y)) <= 16);
    CHECK(std::abs(colour.brightness) <= 30);
    CHECK(std::abs(colour.contrast - 1) <= 0.25);
    CHECK(std::abs(colour.saturation - 1.05) <= 0.55);
    least_scale = std::min(least_scale, geometry.scale), most_scale = std::max(most_scale, geometry.scale);
    least_hue = std::min(least_hue, colour.hue), most_hue = std::max(most_hue, colour.hue);
  }
  CHECK(std::abs(flips - 1000) < 112);  // five standard deviations
  CHECK((least_scale >= 0.9 && least_scale < 0.901 && most_scale <= 1.1 && most_scale > 1.099));
  CHECK((least_hue >= -0.15 && least_hue < -0.149 && most_hue <= 0.15 && most_hue > 0.149));
}

TEST_CASE("the streams of images and batches differ", "[augment]") {
  CHECK(data::image_stream(1, 0, 5).bits() == data::image_stream(1, 0, 5).bits());
  CHECK(data::image_stream(1, 0, 5).bits() != data::image_stream(1, 1, 5).bits());
  CHECK(data::image_stream(1, 0, 5).bits() != data::image_stream(1, 0, 6).bits());
  CHECK(data::image_stream(1, 0, 5).bits() != data::batch_stream(1, 5).bits());
  CHECK(data::batch_stream(1, 5).bits() != data::batch_stream(2, 5).bits());
}

TEST_CASE("KittiBox's settings show the whole frame", "[augment]") {
  Random random = data::image_stream(1, 2, 3);
  const auto geometry = data::draw_geometry({}, random);
  const auto region = data::visible_region(geometry, 1242, 375, 1248, 384);
  CHECK((region.left == 0 && region.top == 0 && region.right == 1242 && region.bottom == 375));
}

TEST_CASE("zoom and shift move the visible region", "[augment]") {
  const auto zoomed = data::visible_region({.scale = 2}, 640, 192, 320, 96);
  CHECK(zoomed.left == Approx(160));
  CHECK(zoomed.right == Approx(480));
  CHECK(zoomed.top == Approx(48));
  const auto shifted = data::visible_region({.shift_x = 16, .shift_y = -8}, 640, 192, 320, 96);
  CHECK(shifted.left == Approx(-32));  // the picture moves right by 16 of the network's pixels, 32 of the frame's
  CHECK(shifted.right == Approx(608));
  CHECK(shifted.top == Approx(16));
}

TEST_CASE("rectangles are scaled with the frame and mirrored", "[augment]") {
  const std::vector<io::Object> objects = {car(100, 40, 200, 90)};
  const auto plain = data::place_objects(objects, roles(), {0, 0, 640, 192}, false, 320, 96);
  REQUIRE(plain.size() == 1);
  CHECK(plain[0].box.left == 50);
  CHECK(plain[0].box.top == 20);
  CHECK(plain[0].box.right == 100);
  CHECK(plain[0].box.bottom == 45);
  CHECK(plain[0].role == data::Role::positive);
  const auto mirrored = data::place_objects(objects, roles(), {0, 0, 640, 192}, true, 320, 96);
  CHECK(mirrored[0].box.left == 220);
  CHECK(mirrored[0].box.right == 270);
  CHECK(mirrored[0].box.top == 20);
}

TEST_CASE("rectangles that leave the view are clipped, then ignored, then dropped", "[augment]") {
  const data::Region right_part{200, 0, 520, 96};
  const auto place = [&](double left) {
    return data::place_objects({car(left, 10, left + 100, 60)}, roles(), right_part, false, 320, 96);
  };
  REQUIRE(place(131).size() == 1);  // 31 of 100 columns in view
  CHECK(place(131)[0].role == data::Role::positive);
  CHECK(place(131)[0].box.left == 0);
  CHECK(place(131)[0].box.right == 31);
  REQUIRE(place(129).size() == 1);
  CHECK(place(129)[0].role == data::Role::background);
  CHECK(place(129)[0].is_ignored_for(0));
  CHECK_FALSE(place(129)[0].is_ignored_for(1));
  CHECK(place(100).empty());
}

TEST_CASE("pixels and rectangles move together", "[augment]") {
  cv::Mat frame(192, 640, CV_8UC3, cv::Scalar::all(0));
  frame(cv::Rect(240, 60, 120, 80)).setTo(cv::Scalar::all(255));
  config::AugmentationSettings settings;
  settings.scale = {0.7, 1.4};
  settings.shift = 16;
  for (std::uint64_t sample = 0; sample < 50; ++sample) {
    Random random = data::image_stream(9, 0, sample);
    const auto geometry = data::draw_geometry(settings, random);
    const auto region = data::visible_region(geometry, 640, 192, 320, 96);
    const auto pixels = coloured(data::resize_bicubic(frame, 320, 96, region), {}, geometry.flip);
    const auto box = data::place_objects({car(240, 60, 360, 140)}, roles(), region, geometry.flip, 320, 96).at(0).box;
    double left = 1e9, right = 0, top = 1e9, bottom = 0;
    for (int y = 0; y < 96; ++y)
      for (int x = 0; x < 320; ++x) {
        if (pixels[static_cast<std::size_t>(3 * (320 * y + x))] < 128) continue;
        left = std::min(left, x + 0.0), right = std::max(right, x + 1.0);
        top = std::min(top, y + 0.0), bottom = std::max(bottom, y + 1.0);
      }
    CHECK(std::abs(left - box.left) <= 0.51);
    CHECK(std::abs(right - box.right) <= 0.51);
    CHECK(std::abs(top - box.top) <= 0.51);
    CHECK(std::abs(bottom - box.bottom) <= 0.51);
  }
}

TEST_CASE("a jittered frame at reduced size is antialiased", "[augment]") {
  cv::Mat frame(192, 640, CV_8UC3);
  for (int y = 0; y < frame.rows; ++y)
    for (int x = 0; x < frame.cols; ++x) frame.at<cv::Vec3b>(y, x) = cv::Vec3b::all((x + y) % 2 ? 255 : 0);
  const auto region = data::visible_region({.scale = 0.95, .shift_x = 3.3}, 640, 192, 320, 96);
  const cv::Mat out = data::resize_bicubic(frame, 320, 96, region)(cv::Rect(20, 10, 280, 76));
  double least = 0, most = 0;
  cv::minMaxLoc(out.reshape(1), &least, &most);
  CHECK(least > 115);
  CHECK(most < 140);
}

TEST_CASE("without colour, pixels are copied or mirrored", "[augment]") {
  CHECK(coloured(two_pixels(), {}) == std::vector<float>{10, 100, 250, 30, 200, 250});
  CHECK(coloured(two_pixels(), {}, true) == std::vector<float>{30, 200, 250, 10, 100, 250});
}

TEST_CASE("contrast turns about each channel's mean and clipping comes last", "[augment]") {
  // Means 20, 150, 250, and 30 more after the brightness.
  CHECK(coloured(two_pixels(), {.brightness = 30, .contrast = 0.5}) == std::vector<float>{45, 155, 255, 55, 205, 255});
  CHECK(coloured(two_pixels(), {.contrast = 3}) == std::vector<float>{0, 0, 250, 50, 255, 250});
  // 150 and 250, brighter by 30: mean 230, so 280 comes back to 242.5; clipped too early it would give
  // 226.875.
  cv::Mat rgb(1, 2, CV_8UC3, cv::Scalar::all(250));
  rgb.at<cv::Vec3b>(0, 0) = cv::Vec3b::all(150);
  CHECK(coloured(rgb, {.brightness = 30, .contrast = 0.25})[3] == Approx(242.5));
}

TEST_CASE("saturation and hue follow the HSV cone", "[augment]") {
  const auto near = [](const std::vector<float>& out, double r, double g, double b) {
    CHECK(out[0] == Approx(r).margin(1e-3));
    CHECK(out[1] == Approx(g).margin(1e-3));
    CHECK(out[2] == Approx(b).margin(1e-3));
  };
  // (200, 100, 50): value 200, saturation .75, hue a third of the way from red to yellow.
  near(coloured(one_pixel(200, 100, 50), {.saturation = 0.5}), 200, 150, 125);
  near(coloured(one_pixel(200, 100, 50), {.saturation = 1.6}), 200, 200.0 / 3,
       0);  // clipped to full saturation
  near(coloured(one_pixel(200, 100, 50), {.hue = 1.0 / 3}), 50, 200, 100);
  near(coloured(one_pixel(200, 100, 50), {.hue = -1.0 / 3}), 100, 50, 200);
  near(coloured(one_pixel(50, 100, 200), {.hue = 0.5}), 200, 150, 50);
  near(coloured(one_pixel(70, 70, 70), {.saturation = 1.5, .hue = 0.1}), 70, 70, 70);
  near(coloured(one_pixel(0, 0, 0), {.saturation = 1.5, .hue = 0.1}), 0, 0, 0);
  near(coloured(one_pixel(5, 15, 10), {.brightness = -20, .hue = 0.1}), 0, 0, 0);
}

TEST_CASE("images are those of the plain path to the bit", "[augment]") {
  struct Case {
    int frame_width, frame_height, width, height;
  };
  config::AugmentationSettings jitter;
  jitter.scale = {0.7, 1.4};
  jitter.shift = 40;
  data::ImageMaker maker;  // one for all: buffers of another size stay behind
  std::uint64_t sample = 0;
  for (const Case& c : {Case{1242, 375, 640, 192}, Case{331, 97, 331, 97}, Case{120, 40, 320, 96},
                        Case{333, 131, 96, 32}, Case{7, 5, 32, 32}, Case{64, 48, 64, 32}})
    for (const char* kind : {"none", "table", "tint"}) {
      const cv::Mat frame = test::noise(c.frame_width, c.frame_height, sample);
      for (int i = 0; i < 4; ++i) {
        Random random = data::image_stream(3, 0, sample++);
        const auto geometry = data::draw_geometry(i == 0 ? config::AugmentationSettings{} : jitter, random);
        config::AugmentationSettings colours;
        if (*kind == 'n') colours.brightness = 0, colours.contrast = {1, 1};
        if (*kind == 't' && kind[1] == 'i') colours.saturation = {0.5, 1.6}, colours.hue = 0.5;
        const auto colour = data::draw_colour(colours, random);
        const auto region = data::visible_region(geometry, c.frame_width, c.frame_height, c.width, c.height);
        std::vector<float> out(static_cast<std::size_t>(3 * c.width * c.height), -1);
        maker.make(frame, region, geometry.flip, colour, c.width, c.height, out);
        const auto expected = test::plain_image(frame, region, geometry.flip, colour, c.width, c.height);
        INFO(kind << ' ' << c.frame_width << " x " << c.frame_height << " to " << c.width << " x " << c.height
                  << ", flip " << geometry.flip);
        CHECK(out == expected);
      }
    }
}
