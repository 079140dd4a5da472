#include "synth/bodywork.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

namespace fastbox::synth {
namespace {

Vec3 unit(const Vec3& v) {
  return v * (1 / std::max(1e-9, std::sqrt(v.dot(v))));
}

}  // namespace

void Bodywork::face(std::span<const Vec3> corners, const Colour& own, const Vec3& outward, float gloss) {
  const Vec3 normal = unit(pose_.turn(outward.x, outward.y, outward.z));
  const Colour lit = light_.shade(own, normal, corners[0].z);
  Paint paint{lit, lit, false, 1, 0, 0, 0};
  if (gloss > 0) {  // the sky mirrored above, the road below
    paint.gradient = true;
    paint.colour = lit * (1 - gloss * 0.35f) + light_.horizon * (gloss * 0.35f);
    paint.lower = lit * (1 - gloss * 0.35f);
  }
  canvas_.polygon(corners, paint);
}

void Bodywork::quad(const Vec3& a, const Vec3& b, const Vec3& c, const Vec3& d, const Colour& own, const Vec3& normal,
                    float gloss) {
  const std::array<Vec3, 4> corners{a, b, c, d};
  face(corners, own, normal, gloss);
}

void Bodywork::strip(const Corner& p, const Corner& q, double from, double to, double left, double right,
                     const Colour& own, float gloss) {
  const auto mix = [&](double share) {
    return Corner{p.forward + (q.forward - p.forward) * share, p.up + (q.up - p.up) * share,
                  p.half + (q.half - p.half) * share};
  };
  const Corner a = mix(from), b = mix(to);
  quad(at(a, left), at(a, right), at(b, right), at(b, left), own, {q.up - p.up, p.forward - q.forward, 0}, gloss);
}

void Bodywork::lamp(const Vec3& a, const Vec3& b, const Vec3& c, const Vec3& d, const Colour& own, bool lit) {
  const std::array<Vec3, 4> corners{a, b, c, d};
  const Colour shown = lit ? own : light_.shade(own, {0, 0, -1}, a.z) * 0.85f;
  canvas_.polygon(std::span<const Vec3>(corners), {shown, {}, false, 1, 0, 0, 0});
}

void Bodywork::disc(double forward, double up, double left, double radius, const Colour& own) {
  std::array<Vec3, 18> outline;
  for (std::size_t i = 0; i < outline.size(); ++i) {
    const double turn = 2 * std::numbers::pi * static_cast<double>(i) / outline.size();
    outline[i] = at(forward + radius * std::cos(turn), up + radius * std::sin(turn), left);
  }
  face(outline, own, {0, 0, left > 0 ? 1.0 : -1.0});
}

int Bodywork::near_side(double half) const {
  if (seen(at(0, 0.5, half), 0, 0, 1)) return 1;
  if (seen(at(0, 0.5, -half), 0, 0, -1)) return -1;
  return 0;
}

void sweep(Bodywork& body, std::span<const Corner> profile, const Colour& own, float gloss) {
  std::vector<std::pair<double, std::size_t>> order;
  for (std::size_t i = 0; i + 1 < profile.size(); ++i) {
    if (!body.strip_seen(profile[i], profile[i + 1])) continue;
    const Vec3 middle = (body.at(profile[i], 0) + body.at(profile[i + 1], 0)) * 0.5;
    order.emplace_back(-middle.dot(middle), i);
  }
  std::sort(order.begin(), order.end());
  for (const auto& [ignored, i] : order) body.strip(profile[i], profile[i + 1], 0, 1, -1, 1, own, gloss);
  for (const double side : {1.0, -1.0}) {
    const Corner &first = profile.front(), &last = profile.back();
    const Vec3 middle = (body.at(first, side) + body.at(last, side)) * 0.5;
    if (!body.seen(middle, 0, 0, side)) continue;
    std::vector<Vec3> outline;
    for (const Corner& c : profile) outline.push_back(body.at(c, side));
    body.face(outline, own, {0, 0.12, side}, gloss);
  }
}

void side_window(Bodywork& body, double side, double f0, double f1, double g0, double g1, double low, double high,
                 double half_low, double half_high, const Colour& glass) {
  body.quad(body.at(f0, low, side * half_low), body.at(g0, high, side * half_high), body.at(g1, high, side * half_high),
            body.at(f1, low, side * half_low), glass, {0, 0.2, side}, 0.8f);
}

void paint_far_wheels(Bodywork& body, const Wheels& wheels) {
  for (const double forward : {wheels.front, wheels.rear})
    for (const double side : {1.0, -1.0}) {
      const double out = side * wheels.half, in = side * (wheels.half - 0.22), r = wheels.radius;
      body.disc(forward, r, in, r, tyre * 0.7f);
      body.disc(forward, r, out, r, tyre);
      for (const double end : {0.85, -0.85})  // the tread, seen from ahead or behind
        body.quad(body.at(forward + end * r * 0.5, 0.02, in), body.at(forward + end * r * 0.5, 0.02, out),
                  body.at(forward + end * r, r, out), body.at(forward + end * r, r, in), tyre * 0.8f, {end, 0, 0});
    }
}

void paint_near_wheels(Bodywork& body, const Wheels& wheels, int side, const Colour& alloy) {
  if (side == 0) return;
  const double out = side * wheels.half, r = wheels.radius;
  for (const double forward : {wheels.front, wheels.rear}) {
    body.disc(forward, r * 1.16, out, r * 1.16, black);
    body.disc(forward, r, out, r, tyre);
    body.disc(forward, r, out, r * 0.66, alloy);
    body.disc(forward, r, out, r * 0.22, alloy * 0.6f);
  }
}

void paint_end(Bodywork& body, const Vehicle& v, double end, double forward, double half, double lamp_low,
               double lamp_high, double lamp_wide, Random& random) {
  if (!body.seen(body.at(forward, lamp_low, 0), end, 0, 0)) return;
  const bool lit = body.light().dusk && v.moving, front = end > 0;
  const double place = forward + end * 0.012;
  const auto bar = [&](double l0, double l1, double low, double high, const Colour& own, bool glows) {
    body.lamp(body.at(place, low, l0), body.at(place, low, l1), body.at(place, high, l1), body.at(place, high, l0), own,
              glows);
  };
  const Colour lamp =
      front ? (lit ? Colour(255, 250, 220) : Colour(226, 230, 232)) : (lit ? Colour(255, 48, 36) : Colour(176, 26, 26));
  for (const double side : {1.0, -1.0}) {
    bar(side * half, side * (half - lamp_wide), lamp_low, lamp_high, lamp, lit);
    if (!front)
      bar(side * half, side * (half - lamp_wide), lamp_low, lamp_low + 0.28 * (lamp_high - lamp_low), {220, 150, 120},
          lit);
  }
  const double bumper = 0.26 + 0.1 * random.uniform();
  if (front) bar(-half * 0.55, half * 0.55, lamp_low - 0.06, lamp_high - 0.02, black * 1.4f, false);
  bar(-half * 0.8, half * 0.8, bumper, bumper + 0.1, black * 1.6f, false);
  const double plate_low = front ? bumper + 0.11 : (random.chance(0.5) ? lamp_low - 0.08 : bumper + 0.14);
  bar(-0.26, 0.26, plate_low, plate_low + 0.115, {232, 232, 224}, false);
  bar(-0.2, 0.2, plate_low + 0.035, plate_low + 0.085, {90, 90, 92}, false);
}

}  // namespace fastbox::synth
