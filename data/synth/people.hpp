// Pedestrians and cyclists as jointed figures. One thread per canvas.
#pragma once

#include "synth/canvas.hpp"
#include "synth/light.hpp"

namespace fastbox::synth {

struct Person {
  bool cycling = false;
  double length = 0.8, width = 0.6, height = 1.75;  ///< metres, of the figure with its bicycle
  std::uint64_t detail = 0;                         ///< names the stream of clothes and posture
};

Person pick_person(bool cycling, Random& random);

/// The figure; its pixels belong to the canvas's present owner.
void paint_person(Canvas& canvas, const Person& person, const Pose& pose, const Light& light);

}  // namespace fastbox::synth
