// Who is on the street, and where: plausible places, no two bodies in one, and overlaps in the picture kept
// moderate.
//
// Thread-safe: values.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "synth/people.hpp"
#include "synth/road.hpp"
#include "synth/vehicles.hpp"

namespace fastbox::synth {

struct Actor {
  std::string type;  ///< as in a label
  std::variant<Vehicle, Person> figure;
  Pose pose;                                 ///< origin: the middle of the footprint, on the ground
  double length = 0, width = 0, height = 0;  ///< metres
};

/// The cast of a scene in no particular order.
std::vector<Actor> plan_traffic(const Camera& camera, const Road& road, Random& random);

/// The hull of the projected cuboid, not clipped to the frame. Requires the cuboid in front of the camera.
io::Box project_cuboid(const Camera& camera, const Actor& actor);

}  // namespace fastbox::synth
