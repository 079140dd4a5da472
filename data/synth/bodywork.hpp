// Faces, lamps and wheels of a vehicle in its own coordinates: what cars, vans, trucks and trams are put
// together from.
//
// Body coordinates: metres forward of the middle, up from the ground, left of the middle. Bodies are painted
// far to near by their callers; faces that look away are theirs to leave out (seen(), strip_seen()). One
// thread per canvas.
#pragma once

#include <span>

#include "synth/canvas.hpp"
#include "synth/light.hpp"
#include "synth/vehicles.hpp"

namespace fastbox::synth {

/// A corner of a side profile: `forward` and `up`, and half the body's width there.
struct Corner {
  double forward, up, half;
};

const Colour glass_dark(34, 40, 48), tyre(30, 30, 32), rim(150, 152, 156), black(24, 24, 26);

class Bodywork {
 public:
  Bodywork(Canvas& canvas, const Pose& pose, const Light& light) : canvas_(canvas), pose_(pose), light_(light) {}

  /// Camera coordinates of a point of the body; of a profile's corner on the left (side 1) or right (-1).
  Vec3 at(double forward, double up, double left) const { return pose_.at(forward, up, left); }
  Vec3 at(const Corner& c, double side) const { return pose_.at(c.forward, c.up, c.half * side); }

  /// Whether a face at `point` (camera) with this outward normal (body) looks at the camera.
  bool seen(const Vec3& point, double forward, double up, double left) const {
    return pose_.turn(forward, up, left).dot(point) < 0;
  }

  /// A plane face with its outward normal (body). `gloss` 0..1: how much of the sky it mirrors.
  void face(std::span<const Vec3> corners, const Colour& own, const Vec3& normal, float gloss = 0);
  void quad(const Vec3& a, const Vec3& b, const Vec3& c, const Vec3& d, const Colour& own, const Vec3& normal,
            float gloss = 0);

  /// The strip across the body between two profile corners, whole or an inset part: `from`..`to` (0..1) along
  /// it, `left`..`right` (-1..1) across. Profiles run from the front's foot over the top to the rear's foot.
  void strip(const Corner& p, const Corner& q, double from, double to, double left, double right, const Colour& own,
             float gloss = 0);
  bool strip_seen(const Corner& p, const Corner& q) const {
    return seen(at(p, 0), q.up - p.up, p.forward - q.forward, 0);
  }

  /// A lamp or plate: `lit` ones shine with their own colour in any light.
  void lamp(const Vec3& a, const Vec3& b, const Vec3& c, const Vec3& d, const Colour& own, bool lit);
  /// A disc parallel to the body's sides.
  void disc(double forward, double up, double left, double radius, const Colour& own);

  /// +1 where the left side of a body of this half width looks at the camera, -1 where the right does, else
  /// 0.
  int near_side(double half) const;

  const Light& light() const { return light_; }

 private:
  Canvas& canvas_;
  Pose pose_;
  const Light& light_;
};

/// A profile swept across the body's width: seen strips far to near, then the seen side.
void sweep(Bodywork& body, std::span<const Corner> profile, const Colour& own, float gloss);

/// A side window from forward places f0, f1 at height `low` to g0, g1 at `high`.
void side_window(Bodywork& body, double side, double f0, double f1, double g0, double g1, double low, double high,
                 double half_low, double half_high, const Colour& glass);

struct Wheels {
  double front, rear;   ///< forward places
  double radius, half;  ///< half: from the body's middle to the outer faces
};

/// All four, to be painted before the body hides most of them; and those of the seen side, on top of it.
void paint_far_wheels(Bodywork& body, const Wheels& wheels);
void paint_near_wheels(Bodywork& body, const Wheels& wheels, int side, const Colour& alloy);

/// Lamps, bumper, plate and, in front, the grille: `end` +1 front, -1 rear, whose face lies at `forward`.
void paint_end(Bodywork& body, const Vehicle& v, double end, double forward, double half, double lamp_low,
               double lamp_high, double lamp_wide, Random& random);

/// The bodies themselves (cars.cpp, heavy.cpp). Nothing reaches beyond the vehicle's length, width and
/// height.
void paint_car(Bodywork& body, const Vehicle& v, Random& random);
void paint_van(Bodywork& body, const Vehicle& v, Random& random);
void paint_truck(Bodywork& body, const Vehicle& v, Random& random);
void paint_tram(Bodywork& body, const Vehicle& v, Random& random);

}  // namespace fastbox::synth
