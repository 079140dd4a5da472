// The street of a scene: its course over the ground, its cross-section, and what it runs through.
//
// Lateral places t are metres right of the centre line; s is metres ahead of the camera (camera z).
// Thread-safe: values.
#pragma once

#include "base/random.hpp"
#include "synth/camera.hpp"

namespace fastbox::synth {

enum class Surroundings { city, suburb, country };

struct Road {
  Surroundings surroundings = Surroundings::city;
  double lane = 3.3;         ///< width of a driving lane
  int lanes = 1;             ///< per direction
  double bay = 0;            ///< width of the parking strip on each side, 0: none
  double sidewalk = 2.2;     ///< width, 0: none
  double camera_t = 1.6;     ///< where the camera drives
  double slope = 0;          ///< of the centre line against the camera's axis
  double curvature = 0;      ///< 1/m
  double crossing = -1;      ///< s of a crossing street's axis, negative: none
  double crossing_half = 4;  ///< half its width
  bool markings = true;

  double kerb() const { return lane * lanes + bay; }  ///< t of the right kerb; the left one is -kerb()
  double outer() const { return kerb() + sidewalk; }  ///< t of the sidewalk's outer edge
  double centre(double s) const { return -camera_t + slope * s + curvature * s * s / 2; }  ///< camera x
  /// Angle of the road's course against the camera's axis.
  double bearing(double s) const;
  /// The point at (s, t), `up` metres above the road.
  Vec3 at(const Camera& camera, double s, double t, double up = 0) const;
  bool in_crossing(double s, double margin = 0) const;
};

Road pick_road(Random& random);

}  // namespace fastbox::synth
