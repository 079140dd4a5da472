#include <algorithm>
#include <array>

#include "synth/bodywork.hpp"

namespace fastbox::synth {

namespace {

void box(Bodywork& body, double rear, double front, double low, double high, double half, const Colour& own,
         float gloss) {
  const std::array<Corner, 4> profile{{{front, low, half}, {front, high, half}, {rear, high, half}, {rear, low, half}}};
  sweep(body, profile, own, gloss);
}

}  // namespace

void paint_truck(Bodywork& body, const Vehicle& v, Random& random) {
  const double l = v.length / 2, w = v.width / 2, h = v.height, cab = 2.0;
  const Colour cargo = random.chance(0.5) ? Colour(214, 214, 210)
                                          : Colour(static_cast<float>(random.uniform(40, 200)),
                                                   static_cast<float>(random.uniform(40, 160)),
                                                   static_cast<float>(random.uniform(40, 180)));
  const Wheels wheels{l - 1.0, -l + 1.3, 0.48, w * 0.98};
  const auto cabin = [&] {
    const double top = std::min(h - 0.2, 2.9), belt = 1.55;
    const std::array<Corner, 6> profile{{{l, 0.4, w * 0.96},
                                         {l, belt, w * 0.96},
                                         {l - 0.22, top - 0.1, w * 0.93},
                                         {l - 0.5, top, w * 0.93},
                                         {l - cab, top, w * 0.93},
                                         {l - cab, 0.4, w * 0.96}}};
    sweep(body, profile, v.colour, 0.4f);
    if (body.strip_seen(profile[1], profile[2]))
      body.strip(profile[1], profile[2], 0.05, 0.82, -0.9, 0.9, glass_dark * 1.3f, 1.0f);
    const int side = body.near_side(w);
    if (side != 0)
      side_window(body, side, l - 0.25, l - 1.3, l - 0.4, l - 1.3, belt, top - 0.45, w * 0.97, w * 0.95, glass_dark);
    paint_end(body, v, 1, l, w * 0.92, 0.62, 0.85, 0.35, random);
  };
  const auto load = [&] {
    box(body, -l, l - cab - 0.12, 0.95, h, w, cargo, 0.2f);
    box(body, -l + 0.1, l - cab, 0.5, 0.95, w * 0.85, black * 1.8f, 0);
    if (body.seen(body.at(-l, 1, 0), -1, 0, 0)) {
      for (const double left : {-w * 0.97, -0.03, w * 0.9})
        body.quad(body.at(-l - 0.01, 1.0, left), body.at(-l - 0.01, h - 0.08, left),
                  body.at(-l - 0.01, h - 0.08, left + 0.06), body.at(-l - 0.01, 1.0, left + 0.06), cargo * 0.6f,
                  {-1, 0, 0});
      paint_end(body, v, -1, -l, w * 0.95, 0.72, 0.92, 0.4, random);
    }
  };
  paint_far_wheels(body, wheels);
  // The end that looks at the camera is the nearer one.
  if (body.seen(body.at(0, 1, 0), 1, 0, 0))
    load(), cabin();
  else
    cabin(), load();
  paint_near_wheels(body, wheels, body.near_side(w), rim * 0.6f);
}

void paint_tram(Bodywork& body, const Vehicle& v, Random& random) {
  const double l = v.length / 2, w = v.width / 2, h = v.height;
  box(body, -l, l, 0.0, h, w, v.colour, 0.3f);
  const int side = body.near_side(w);
  if (side != 0) {
    for (double at = -l + 0.6; at + 1.4 < l; at += 1.6)
      side_window(body, side, at, at + 1.35, at, at + 1.35, h * 0.42, h * 0.78, w + 0.005, w + 0.005, glass_dark);
    body.quad(body.at(-l, 0.02, side * w), body.at(-l, 0.35, side * w), body.at(l, 0.35, side * w),
              body.at(l, 0.02, side * w), black * 2.f, {0, 0, double(side)});
  }
  for (const double end : {1.0, -1.0}) {
    if (!body.seen(body.at(end * l, 1, 0), end, 0, 0)) continue;
    body.quad(body.at(end * l, h * 0.4, -w * 0.88), body.at(end * l, h * 0.82, -w * 0.88),
              body.at(end * l, h * 0.82, w * 0.88), body.at(end * l, h * 0.4, w * 0.88), glass_dark, {end, 0, 0}, 0.9f);
    paint_end(body, v, end, end * l, w * 0.9, 0.75, 0.95, 0.3, random);
  }
}

}  // namespace fastbox::synth
