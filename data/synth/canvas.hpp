// The picture while it is painted, far to near, at twice the frame's resolution, with a buffer of who painted
// what.
//
// Coordinates are those of the final frame (pixel centres whole). A Canvas belongs to one thread.
#pragma once

#include <opencv2/core.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "io/kitti_label.hpp"
#include "synth/camera.hpp"

namespace fastbox::synth {

using Colour = cv::Vec3f;  ///< R, G, B, 0..255

/// How a polygon is filled.
struct Paint {
  Colour colour;
  Colour lower;  ///< the colour at the polygon's lowest row, where `gradient`; `colour` is the highest's
  bool gradient = false;
  float alpha = 1;               ///< below 1 the polygon mixes with what is there, and claims no pixel in the buffer
  float grain = 0;               ///< amplitude of a fine texture, as a share of `colour`; not with a gradient
  int grain_x = 0, grain_y = 0;  ///< where the texture begins
};

/// A fractal texture of 512 x 512 values, most within -1..1, that wraps around; the same in every process.
constexpr int texture_size = 512;
float texture(int x, int y);
/// Its row y as 512 fixed-point values, 1 = texture_one, for loops over pixels.
constexpr int texture_one = 48;
const std::int8_t* texture_row(int y);

/// A colour with a texture, in fixed point: the inner loop of all painting.
class Grained {
 public:
  Grained(const Colour& colour, float grain);
  /// The colour where the texture has this value (texture_one = 1).
  cv::Vec3b at(int value) const {
    cv::Vec3b pixel;
    for (int c = 0; c < 3; ++c) pixel[c] = static_cast<uchar>(std::clamp((base_[c] + value * step_[c]) >> 16, 0, 255));
    return pixel;
  }

 private:
  cv::Vec3i base_, step_;
};

class Canvas {
 public:
  static constexpr int scale = 2;  ///< painted pixels per frame pixel and axis
  static constexpr std::uint8_t nobody = 0, scenery = 255;

  explicit Canvas(const Camera& camera);

  const Camera& camera() const { return camera_; }
  cv::Mat_<cv::Vec3b>& pixels() { return rgb_; }

  /// From here on, opaque polygons belong to `owner` (nobody, scenery or an object's number); extent() starts
  /// anew.
  void set_owner(std::uint8_t owner);
  /// The hull of all polygons of the present owner, not clipped to the frame.
  const io::Box& extent() const { return extent_; }

  /// Any simple polygon, in frame pixels. Even-odd.
  void polygon(std::span<const Vec2> corners, const Paint& paint);
  /// A plane polygon in camera coordinates, cut at the near plane.
  void polygon(std::span<const Vec3> corners, const Paint& paint);
  /// A limb or bar: a round-ended stroke between two points, `radius` metres thick at each end.
  void capsule(const Vec3& a, const Vec3& b, double radius_a, double radius_b, const Paint& paint);

  /// Painted pixels that belong to the owner within the box (frame pixels); `hull` receives their tight box.
  int count(std::uint8_t owner, const io::Box& within, io::Box* hull = nullptr) const;

  /// The finished frame, H x W x 3 uint8.
  cv::Mat reduced() const;

 private:
  using Shades = std::array<cv::Vec3b, 64>;  ///< a colour under every value of the texture
  void fill_row(int y, int begin, int end, const Colour& colour, const Paint& paint, const Shades& shades);

  Camera camera_;
  cv::Mat_<cv::Vec3b> rgb_;
  cv::Mat_<std::uint8_t> owners_;
  std::uint8_t owner_ = nobody;
  io::Box extent_;
};

}  // namespace fastbox::synth
