#include "synth/canvas.hpp"

#include <array>
#include <catch2/catch.hpp>

using namespace fastbox;
using namespace fastbox::synth;

namespace {

std::array<Vec2, 4> rectangle(double left, double top, double right, double bottom) {
  return {Vec2{left, top}, {right, top}, {right, bottom}, {left, bottom}};
}

void paint(Canvas& canvas, std::uint8_t owner, const std::array<Vec2, 4>& corners, float alpha = 1) {
  canvas.set_owner(owner);
  canvas.polygon(std::span<const Vec2>(corners), {Colour(200, 100, 50), {}, false, alpha, 0, 0, 0});
}

}  // namespace

TEST_CASE("a polygon covers the pixels whose centres it holds, and a later one takes its part", "[canvas]") {
  Canvas canvas(Camera{});
  paint(canvas, 1, rectangle(9.5, 19.5, 29.5, 39.5));  // 20 x 20 frame pixels
  const io::Box first = canvas.extent();
  CHECK(first.left == 9.5);
  CHECK(first.bottom == 39.5);
  CHECK(canvas.count(1, first) == 4 * 20 * 20);

  paint(canvas, 2, rectangle(19.5, 19.5, 40, 39.5));
  io::Box hull;
  CHECK(canvas.count(1, first, &hull) == 4 * 10 * 20);
  CHECK(hull.left == 9.5);
  CHECK(hull.right == 19.5);

  paint(canvas, 3, first.width() > 0 ? rectangle(9.5, 19.5, 14.5, 39.5) : rectangle(0, 0, 1, 1), 0.5f);
  CHECK(canvas.count(1, first) == 4 * 10 * 20);  // a shadow takes no pixel
  CHECK(canvas.count(3, first) == 0);

  const cv::Mat frame = canvas.reduced();
  CHECK(frame.size() == cv::Size(1242, 375));
  CHECK(frame.at<cv::Vec3b>(30, 17) == cv::Vec3b(200, 100, 50));
  CHECK(frame.at<cv::Vec3b>(30, 9) == cv::Vec3b(0, 0, 0));
}

TEST_CASE("what lies outside the frame counts in the extent and paints nothing", "[canvas]") {
  Canvas canvas(Camera{});
  paint(canvas, 1, rectangle(-20.5, 10, 9.5, 20));
  CHECK(canvas.extent().left == -20.5);
  io::Box hull;
  CHECK(canvas.count(1, canvas.extent(), &hull) == 4 * 10 * 10);
  CHECK(hull.left == -0.5);
}

TEST_CASE("a face that passes behind the camera is cut at the near plane", "[canvas]") {
  Canvas canvas(Camera{});
  const std::array<Vec3, 4> wall{Vec3{1, 1, -3}, {1, -1, -3}, {1, -1, 8}, {1, 1, 8}};
  canvas.set_owner(1);
  canvas.polygon(std::span<const Vec3>(wall), {Colour(9, 9, 9), {}, false, 1, 0, 0, 0});
  const Camera camera;
  CHECK(canvas.extent().left == Approx(camera.project({1, 1, 8}).x));
  CHECK(canvas.extent().right > camera.width);
  CHECK(canvas.count(1, canvas.extent()) > 0);
}

TEST_CASE("projection is KITTI's pinhole", "[canvas]") {
  const Vec2 p = Camera{}.project({2, 1.65, 10});
  CHECK(p.x == Approx(609.5593 + 721.5377 * 0.2));
  CHECK(p.y == Approx(172.854 + 721.5377 * 0.165));
  // rotation_y -pi/2 heads away from the camera, 0 to the right.
  const Pose away{{0, 1.65, 10}, -std::acos(0.0)}, right{{0, 1.65, 10}, 0};
  CHECK(away.at(2, 0, 0).z == Approx(12));
  CHECK(right.at(2, 0, 0).x == Approx(2));
  CHECK(right.at(2, 0, 1).z == Approx(11));
}
