// The light of a scene, and what the camera adds to the finished picture.
//
// Thread-safe: values without shared state.
#pragma once

#include "base/random.hpp"
#include "synth/canvas.hpp"

namespace fastbox::synth {

struct Light {
  bool dusk = false;    ///< lamps are lit
  double sunny = 0;     ///< 0 overcast .. 1 clear: strength of cast shadows
  Vec3 to_sun;          ///< unit vector in camera coordinates
  Colour ambient, sun;  ///< factors on a surface's own colour
  Colour zenith, horizon, cloud;
  double haze = 0.003;  ///< per metre

  /// A surface of the given colour and outward unit normal, `distance` metres away (Lambert, plus haze).
  Colour shade(const Colour& own, const Vec3& normal, double distance) const;
  /// Haze alone.
  Colour through_air(const Colour& own, double distance) const;
};

Light pick_light(Random& random);

/// Slight blur, vignetting, exposure and sensor noise, in place.
void expose(cv::Mat& frame, const Light& light, Random& random);

}  // namespace fastbox::synth
