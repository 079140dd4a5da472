// What stands beside the road: houses, hedges, fences, guard rails, trees, lamp posts.
//
// The row behind the sidewalk is painted before any traffic that it cannot hide; what can hide traffic is
// returned, to be painted in depth order with it. One thread per canvas.
#pragma once

#include <functional>
#include <vector>

#include "synth/canvas.hpp"
#include "synth/light.hpp"
#include "synth/road.hpp"

namespace fastbox::synth {

/// Something to paint at a depth.
struct Upright {
  double z = 0;                 ///< metres ahead
  std::function<void()> paint;  ///< onto the canvas it was planned for
};

/// Paints houses, hedges, fences and woods, far to near; with a crossing street, those beyond it.
void paint_row(Canvas& canvas, const Road& road, const Light& light, Random& random);

/// Trees, lamp posts and signs between road and sidewalk, and the row this side of a crossing street, which
/// hides traffic on that street. The canvas and light must outlive the result.
std::vector<Upright> plan_uprights(Canvas& canvas, const Road& road, const Light& light, Random& random);

}  // namespace fastbox::synth
