// A scene before it is painted. render_scene (generate.hpp) paints it; tests look at single actors of it.
//
// Thread-safe: values.
#pragma once

#include <vector>

#include "synth/camera.hpp"
#include "synth/light.hpp"
#include "synth/road.hpp"
#include "synth/traffic.hpp"

namespace fastbox::synth {

struct Plan {
  Random random;  ///< the scene's stream, where the plan left it
  Camera camera;
  Light light;
  Road road;
  std::vector<Actor> actors;  ///< far to near
};

Plan plan_scene(std::uint64_t seed, std::uint64_t index);

/// The actor without its shadow; its pixels belong to the canvas's present owner.
void paint_actor(Canvas& canvas, const Actor& actor, const Light& light);

}  // namespace fastbox::synth
