#include <array>

#include "synth/bodywork.hpp"

namespace fastbox::synth {

void paint_car(Bodywork& body, const Vehicle& v, Random& random) {
  const double l = v.length / 2, w = v.width / 2, h = v.height;
  const bool saloon = v.body == Body::saloon, tall = v.body == Body::off_roader, estate = v.body == Body::estate;
  const double clear = tall ? 0.3 : 0.2, nose = h * 0.50, belt = h * (tall ? 0.62 : 0.61),
               tail = saloon ? belt * 1.04 : belt;
  const double bonnet = saloon ? 1.15 : estate || tall ? 1.05 : 0.85, boot = saloon ? 0.85 : 0.12;
  const std::array<Corner, 9> lower{{{l - 0.08, clear, w * 0.9},
                                     {l, h * 0.36, w * 0.93},
                                     {l - 0.06, nose, w * 0.93},
                                     {l - 0.35, nose + 0.06, w},
                                     {l - bonnet, belt, w},
                                     {-l + boot, tail, w},
                                     {-l + 0.08, tail - 0.04, w * 0.95},
                                     {-l, h * 0.4, w * 0.94},
                                     {-l + 0.08, clear, w * 0.9}}};
  const double screen = l - bonnet + 0.05, rake = tall ? 0.5 : 0.72, end = -l + boot,
               back = saloon   ? 0.62
                      : estate ? 0.32
                               : 0.4;
  const double roof_half = w * 0.76, base_half = w * 0.95;
  const std::array<Corner, 6> cabin{{{screen, belt, base_half},
                                     {screen - rake, h * 0.965, roof_half},
                                     {screen - rake - 0.5, h, roof_half},
                                     {end + back + 0.5, h, roof_half},
                                     {end + back, h * 0.955, roof_half},
                                     {end, tail, base_half}}};
  const Wheels wheels{l - 0.82, -l + 0.8, tall ? 0.36 : 0.31, w * 0.985};

  paint_far_wheels(body, wheels);
  sweep(body, lower, v.colour, 0.5f);
  const int side = body.near_side(w);
  if (side != 0) {  // sill, door gaps
    body.quad(body.at(l - 0.2, clear, side * w), body.at(l - 0.2, clear + 0.09, side * w * 1.0),
              body.at(-l + 0.2, clear + 0.09, side * w), body.at(-l + 0.2, clear, side * w), black * 1.5f,
              {0, 0, double(side)});
    const double door = (screen - rake + end + back) / 2;
    for (const double at : {screen - 0.25, door, end + back * 0.8})
      body.quad(body.at(at, clear + 0.1, side * w), body.at(at, belt, side * w), body.at(at - 0.025, belt, side * w),
                body.at(at - 0.025, clear + 0.1, side * w), v.colour * 0.55f, {0, 0, double(side)});
  }
  paint_near_wheels(body, wheels, side, rim * static_cast<float>(random.uniform(0.7, 1.2)));
  paint_end(body, v, -1, -l + 0.02, w * 0.9, h * 0.44, tail - 0.06, tall || estate ? 0.2 : 0.32, random);
  paint_end(body, v, 1, l - 0.01, w * 0.9, h * 0.37, nose - 0.02, 0.36, random);
  sweep(body, cabin, v.colour, 0.45f);
  if (body.strip_seen(cabin[0], cabin[1]))
    body.strip(cabin[0], cabin[1], 0.04, 0.93, -0.9, 0.9, glass_dark * 1.3f, 1.1f);
  if (body.strip_seen(cabin[4], cabin[5]))
    body.strip(cabin[4], cabin[5], 0.1, saloon ? 0.92 : 0.85, -0.86, 0.86, glass_dark, 0.9f);
  const double gap = 0.06, low = belt + 0.03, high = h * 0.93, lean = (roof_half - base_half);
  const double half_low = base_half + lean * 0.06 + 0.004, half_high = base_half + lean * 0.9 + 0.004;
  for (const double s : {1.0, -1.0}) {
    if (!body.seen(body.at(0, belt, s * base_half), 0, 0, s)) continue;
    const double top_front = screen - rake * 0.94, top_rear = end + back * 0.92, middle = (top_front + top_rear) / 2;
    side_window(body, s, screen - 0.16, middle + gap, top_front - 0.02, middle + gap, low, high, half_low, half_high,
                glass_dark);
    side_window(body, s, middle - gap, end + 0.24, middle - gap, top_rear + 0.08, low, high, half_low, half_high,
                glass_dark);
    const double mirror = screen - 0.3;  // inside the body's width
    body.quad(body.at(mirror, belt, s * w), body.at(mirror, belt + 0.14, s * w),
              body.at(mirror - 0.16, belt + 0.14, s * w), body.at(mirror - 0.16, belt, s * w), v.colour * 0.8f,
              {0, 0, s});
  }
}

void paint_van(Bodywork& body, const Vehicle& v, Random& random) {
  const double l = v.length / 2, w = v.width / 2, h = v.height, clear = 0.24;
  const double snout = random.uniform(0.55, 0.9), rake = 0.6;
  const double belt = h * 0.52;
  const std::array<Corner, 8> shell{{{l - 0.05, clear, w * 0.93},
                                     {l, h * 0.28, w * 0.95},
                                     {l - 0.08, h * 0.4, w * 0.95},
                                     {l - snout, belt, w},
                                     {l - snout - rake, h * 0.97, w * 0.9},
                                     {l - snout - rake - 0.5, h, w * 0.9},
                                     {-l + 0.06, h, w * 0.9},
                                     {-l, clear, w * 0.96}}};
  const Wheels wheels{l - 0.85, -l + 0.9, 0.34, w * 0.985};
  paint_far_wheels(body, wheels);
  sweep(body, shell, v.colour, 0.35f);
  if (body.strip_seen(shell[3], shell[4]))
    body.strip(shell[3], shell[4], 0.05, 0.95, -0.9, 0.9, glass_dark * 1.3f, 1.0f);
  const int side = body.near_side(w);
  paint_near_wheels(body, wheels, side, rim * 0.8f);
  const bool glazed = random.chance(0.5);
  const double low = belt + 0.04, high = h * 0.86;
  if (side != 0) {
    const double front = l - snout - 0.2, top = l - snout - rake * 0.75;
    side_window(body, side, front, front - 0.9, top, front - 0.9, low, high, w, w * 0.96, glass_dark);
    if (glazed) {
      const double start = front - 1.02, stop = -l + 0.35, middle = (start + stop) / 2;
      side_window(body, side, start, middle + 0.06, start, middle + 0.06, low, high, w, w * 0.96, glass_dark);
      side_window(body, side, middle - 0.06, stop, middle - 0.06, stop, low, high, w, w * 0.96, glass_dark);
    }
    body.quad(body.at(l - 0.5, h * 0.36, side * w), body.at(l - 0.5, h * 0.39, side * w),
              body.at(-l + 0.1, h * 0.39, side * w), body.at(-l + 0.1, h * 0.36, side * w), black * 2.2f,
              {0, 0, double(side)});
    body.quad(body.at(front - 0.95, clear + 0.1, side * w), body.at(front - 0.95, h * 0.9, side * w * 0.95),
              body.at(front - 0.98, h * 0.9, side * w * 0.95), body.at(front - 0.98, clear + 0.1, side * w),
              v.colour * 0.5f, {0, 0, double(side)});
  }
  if (body.strip_seen(shell[6], shell[7])) {
    if (glazed || random.chance(0.4)) {
      body.strip(shell[6], shell[7], 0.08, 0.42, -0.85, -0.06, glass_dark, 0.8f);
      body.strip(shell[6], shell[7], 0.08, 0.42, 0.06, 0.85, glass_dark, 0.8f);
    }
    body.strip(shell[6], shell[7], 0.04, 0.9, -0.012, 0.012, v.colour * 0.5f);
  }
  paint_end(body, v, -1, -l - 0.01, w * 0.95, h * 0.26, h * 0.44, 0.15, random);
  paint_end(body, v, 1, l - 0.01, w * 0.9, h * 0.25, h * 0.37, 0.34, random);
}

}  // namespace fastbox::synth
