#include "synth/road.hpp"

#include <cmath>

namespace fastbox::synth {

double Road::bearing(double s) const {
  return std::atan(slope + curvature * s);
}

Vec3 Road::at(const Camera& camera, double s, double t, double up) const {
  return {centre(s) + t, camera.mount - up, s};
}

bool Road::in_crossing(double s, double margin) const {
  return crossing > 0 && std::abs(s - crossing) < crossing_half + margin;
}

Road pick_road(Random& random) {
  Road road;
  const double kind = random.uniform();
  road.surroundings = kind < 0.45 ? Surroundings::city : kind < 0.8 ? Surroundings::suburb : Surroundings::country;
  road.lane = random.uniform(3.0, 3.7);
  if (road.surroundings == Surroundings::city) {
    road.lanes = random.chance(0.3) ? 2 : 1;
    road.bay = random.chance(0.8) ? 2.2 : 0;
    road.sidewalk = random.uniform(2, 3.5);
  } else if (road.surroundings == Surroundings::suburb) {
    road.bay = random.chance(0.75) ? 2.2 : 0;
    road.sidewalk = random.uniform(1.5, 2.5);
    road.markings = random.chance(0.6);
  } else {
    road.lanes = random.chance(0.4) ? 2 : 1;
    road.sidewalk = 0;
  }
  road.camera_t = road.lane * (road.lanes - 0.5) + random.uniform(-0.3, 0.3);
  if (road.lanes == 2 && random.chance(0.5)) road.camera_t -= road.lane;
  road.slope = random.uniform(-0.05, 0.05);
  if (random.chance(0.5)) road.curvature = random.uniform(-0.0025, 0.0025);
  if (road.surroundings != Surroundings::country && random.chance(0.4)) {
    road.crossing = random.uniform(14, 38);
    road.crossing_half = random.uniform(3.2, 5);
  }
  return road;
}

}  // namespace fastbox::synth
