// KITTI's left colour camera as a pinhole over a flat road.
//
// Camera coordinates as KITTI's: x to the right, y down, z forward, metres; the road is the plane y = mount.
// Pixel centres have whole coordinates. Thread-safe: no state.
#pragma once

#include <opencv2/core.hpp>

#include "base/random.hpp"

namespace fastbox::synth {

using Vec2 = cv::Point2d;
using Vec3 = cv::Point3d;

struct Camera {
  int width = 1242, height = 375;                        ///< pixels
  double focal = 721.5377, cx = 609.5593, cy = 172.854;  ///< pixels
  double mount = 1.65;                                   ///< metres above the road

  /// u = cx + f x / z, v = cy + f y / z. Requires z > 0.
  Vec2 project(const Vec3& p) const { return {cx + focal * p.x / p.z, cy + focal * p.y / p.z}; }
};

/// One of the four frame sizes of KITTI's training set with its calibration (P2 of the sequences of that
/// size), in the set's proportions.
Camera pick_camera(Random& random);

/// A body's place: its origin on the ground, turned by rotation_y about the camera's y axis (0: heading along
/// +x).
struct Pose {
  Vec3 origin;
  double rotation_y = 0;

  /// The point `forward` metres ahead, `up` above the ground and `left` to the body's left.
  Vec3 at(double forward, double up, double left) const;
  /// The same for a direction.
  Vec3 turn(double forward, double up, double left) const;
};

}  // namespace fastbox::synth
