#include "synth/camera.hpp"

#include <cmath>

namespace fastbox::synth {

Camera pick_camera(Random& random) {
  const double share = random.uniform();
  Camera camera;
  if (share < 0.10)
    camera = {1224, 370, 707.0493, 604.0814, 180.5066, 1.65};
  else if (share < 0.15)
    camera = {1238, 374, 718.3351, 600.3891, 181.5122, 1.65};
  else if (share < 0.17)
    camera = {1241, 376, 718.8560, 607.1928, 185.2157, 1.65};
  return camera;
}

Vec3 Pose::turn(double forward, double up, double left) const {
  const double c = std::cos(rotation_y), s = std::sin(rotation_y);
  return {forward * c + left * s, -up, -forward * s + left * c};
}

Vec3 Pose::at(double forward, double up, double left) const {
  return origin + turn(forward, up, left);
}

}  // namespace fastbox::synth
