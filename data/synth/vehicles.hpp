// Cars, vans, trucks and trams as three-dimensional bodies.
//
// A shape's length, width and height enclose all that is painted of it, wheels included. One thread per
// canvas.
#pragma once

#include <string>

#include "synth/canvas.hpp"
#include "synth/light.hpp"

namespace fastbox::synth {

enum class Body { saloon, hatchback, estate, off_roader, van, truck, tram };

struct Vehicle {
  Body body = Body::saloon;
  double length = 4.2, width = 1.75, height = 1.45;  ///< metres
  Colour colour;
  bool moving = true;        ///< lamps of moving vehicles are lit at dusk
  std::uint64_t detail = 0;  ///< names the stream of small choices: trim, plate, wheels
};

/// "Car", "Van", "Truck" or "Tram".
std::string type_of(Body body);

/// A vehicle of a body with random measures and colour.
Vehicle pick_vehicle(Body body, Random& random);

/// The soft shadow on the ground. Claims no pixel.
void paint_shadow(Canvas& canvas, const Pose& pose, double length, double width, double height, const Light& light);

/// The body; its pixels belong to the canvas's present owner.
void paint_vehicle(Canvas& canvas, const Vehicle& vehicle, const Pose& pose, const Light& light);

}  // namespace fastbox::synth
