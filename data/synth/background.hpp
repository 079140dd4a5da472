// What lies behind everything: the sky, the far horizon, and the ground with road, kerbs and markings.
//
// Fills every pixel of the canvas. One thread per canvas.
#pragma once

#include "synth/canvas.hpp"
#include "synth/light.hpp"
#include "synth/road.hpp"

namespace fastbox::synth {

void paint_sky(Canvas& canvas, const Light& light, Random& random);
void paint_horizon(Canvas& canvas, const Light& light, Random& random);
void paint_ground(Canvas& canvas, const Road& road, const Light& light, Random& random);

}  // namespace fastbox::synth
