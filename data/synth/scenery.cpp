#include "synth/scenery.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace fastbox::synth {
namespace {

using Quad = std::array<Vec3, 4>;

/// Paints for one side of the road.
struct Side {
  Canvas& canvas;
  const Road& road;
  const Light& light;
  Random& random;
  double sign;  ///< -1 left, 1 right

  Vec3 at(double s, double out, double up) const { return road.at(canvas.camera(), s, sign * out, up); }

  /// A wall along the road, `out` metres from the centre line, from s0 to s1 and from height h0 to h1.
  void along(double s0, double s1, double out, double h0, double h1, const Colour& own, float grain = 0) const {
    const Quad quad{at(s0, out, h0), at(s0, out, h1), at(s1, out, h1), at(s1, out, h0)};
    paint(quad, own, {-sign, 0, 0}, grain);
  }
  /// A wall across, facing the camera, at s.
  void across(double s, double out0, double out1, double h0, double h1, const Colour& own, float grain = 0) const {
    const Quad quad{at(s, out0, h0), at(s, out0, h1), at(s, out1, h1), at(s, out1, h0)};
    paint(quad, own, {0, 0, -1}, grain);
  }
  void paint(std::span<const Vec3> corners, const Colour& own, const Vec3& normal, float grain = 0) const {
    double nearest = 1e9;
    for (const Vec3& p : corners) nearest = std::min(nearest, p.z);
    const Colour lit = light.shade(own, normal, std::max(2.0, nearest));
    canvas.polygon(corners, {lit, {}, false, 1, grain, static_cast<int>(random.below(512)), 0});
  }
};

Colour pick(Random& random, std::initializer_list<Colour> colours) {
  return colours.begin()[random.below(colours.size())] * static_cast<float>(random.uniform(0.9, 1.08));
}

void paint_house(const Side& side, double s0, double s1, double out, double depth, double height, bool shops) {
  Random& random = side.random;
  const Colour wall = pick(random, {{206, 196, 172},
                                    {188, 150, 118},
                                    {168, 92, 74},
                                    {214, 210, 204},
                                    {176, 176, 170},
                                    {196, 178, 128},
                                    {150, 128, 112},
                                    {222, 214, 190}});
  const Colour roof = pick(random, {{140, 74, 58}, {96, 84, 82}, {122, 88, 72}, {84, 88, 96}});
  const double ridge = height + random.uniform(1.5, 4);
  side.across(s0, out, out + depth, 0, height, wall, 0.07f);
  const std::array<Vec3, 3> gable{side.at(s0, out, height), side.at(s0, out + depth / 2, ridge),
                                  side.at(s0, out + depth, height)};
  side.paint(gable, wall, {0, 0, -1}, 0.07f);
  side.along(s0, s1, out, 0, height, wall, 0.07f);
  side.along(std::max(0.5, s0), s1, out - 0.01, height - 0.18, height, wall * 0.6f);
  // The eaves hang over the wall and below its top; from close by a high roof is not seen at all.
  const double pitch_up = (ridge - height) / (depth / 2), eaves = height - 0.3 * pitch_up - 0.1;
  const Quad slope{side.at(s0, out - 0.3, eaves), side.at(s0, out + depth / 2, ridge),
                   side.at(s1, out + depth / 2, ridge), side.at(s1, out - 0.3, eaves)};
  const double eye = side.canvas.camera().mount;
  if ((eaves - eye) / (out - 0.3) < pitch_up) side.paint(slope, roof, {-side.sign * 0.6, -0.8, 0}, 0.12f);
  if (s0 > 110) return;

  const Colour frame = random.chance(0.6) ? Colour(226, 224, 218) : wall * 0.7f;
  const Colour glass = Colour(66, 76, 88);
  const double floor = random.uniform(2.7, 3.2), pitch = random.uniform(2.2, 3.4),
               wide = pitch * random.uniform(0.4, 0.55);
  for (double base = 0; base + floor <= height + 0.3; base += floor) {
    const bool ground = base == 0;
    for (double s = s0 + 0.8; s + wide < s1 - 0.3; s += pitch) {
      if (s < 2) continue;
      const bool lit = side.light.dusk && random.chance(0.3);
      const Colour pane = lit ? Colour(420, 330, 190) : glass * static_cast<float>(random.uniform(0.7, 1.5));
      const bool door = ground && random.chance(0.2);
      const double low = door ? 0.05 : ground && shops ? 0.4 : base + 0.9;
      const double high = ground && shops ? 2.5 : base + floor - 0.5;
      side.along(s - 0.1, s + wide + 0.1, out - 0.02, low - 0.1, high + 0.1, frame);
      side.along(s, s + wide, out - 0.04, low, high, door ? wall * 0.45f : pane);
      if (s < 45 && !door) side.along(s + wide / 2 - 0.04, s + wide / 2 + 0.04, out - 0.05, low, high, frame);
    }
    if (s0 < 3 || s0 > 70 || (ground && random.chance(0.3))) continue;
    for (double place = out + 1; place + 1.2 < out + depth - 0.5; place += pitch) {
      side.across(s0 - 0.02, place - 0.1, place + 1.2, base + 0.8, base + floor - 0.4, frame);
      side.across(s0 - 0.04, place, place + 1.1, base + 0.9, base + floor - 0.5, glass);
    }
  }
  if (ridge > 6 && shops && random.chance(0.6))
    side.along(std::max(1.0, s0 + 0.4), s1 - 0.4, out - 0.06, 2.65, 3.1,
               pick(random, {{150, 40, 36}, {40, 60, 120}, {40, 96, 60}, {210, 200, 60}, {60, 60, 60}}));
}

void paint_crown(const Side& side, const Vec3& middle, double wide, double tall, const Colour& leaf, int blobs) {
  Random& random = side.random;
  for (int i = 0; i < blobs; ++i) {
    const double angle = random.uniform(0, 2 * std::numbers::pi), reach = std::sqrt(random.uniform());
    const double dx = std::cos(angle) * reach, dy = -std::sin(angle) * reach;
    const Vec3 centre = middle + Vec3(dx * wide / 2, dy * tall / 2, 0);
    // Leaves that face the sky and the sun are lighter; the first blobs fill the shade inside.
    const double bright = 0.62 - 0.22 * dy + 0.12 * dx * (side.light.to_sun.x > 0 ? 1 : -1) +
                          0.3 * static_cast<double>(i) / blobs + random.uniform(-0.1, 0.1);
    const Colour lit = side.light.through_air(
        leaf.mul(side.light.ambient + side.light.sun * 0.5f) * static_cast<float>(bright), middle.z);
    const double radius = (i < blobs / 3 ? 0.28
                           : blobs > 60  ? 0.10
                                         : 0.14) *
                          std::min(wide, tall) * random.uniform(0.7, 1.2);
    if (middle.z < 0.5) continue;
    const Vec2 p = side.canvas.camera().project(centre);
    const double r = side.canvas.camera().focal * radius / centre.z;
    std::array<Vec2, 9> outline;
    for (std::size_t k = 0; k < outline.size(); ++k) {
      const double turn = 2 * std::numbers::pi * static_cast<double>(k) / outline.size();
      outline[k] = p + Vec2(std::cos(turn), std::sin(turn)) * (r * random.uniform(0.65, 1.2));
    }
    side.canvas.polygon(
        std::span<const Vec2>(outline),
        {lit, {}, false, 1, 0.28f, static_cast<int>(random.below(512)), static_cast<int>(random.below(512))});
  }
}

void paint_tree(const Side& side, double s, double out, double height, const Colour& leaf) {
  // Room for people below the crown.
  const double crown = std::min(height * side.random.uniform(0.55, 0.72), height - 2.6);
  const double wide = height * side.random.uniform(0.45, 0.7);
  const Vec3 foot = side.at(s, out, 0), fork = side.at(s, out, height - crown * 0.7);
  const Colour bark = side.light.shade(Colour(84, 68, 54), {0, 0, -1}, s);
  side.canvas.capsule(foot, fork, 0.022 * height, 0.015 * height, {bark, {}, false, 1, 0.2f, 7, 7});
  const int blobs = static_cast<int>(std::clamp(2400 / std::max(s, 1.0), 18.0, 150.0));
  paint_crown(side, side.at(s, out, height - crown / 2), wide, crown, leaf, blobs);
}

Colour pick_leaf(Random& random) {
  return pick(random, {{84, 116, 50}, {70, 100, 46}, {104, 124, 56}, {118, 112, 52}, {62, 92, 58}});
}

void paint_hedge(const Side& side, double s0, double s1, double out, double height) {
  const Colour leaf = pick_leaf(side.random) * 0.75f;
  side.across(s0, out, out + 1.0, 0, height, leaf, 0.3f);
  side.along(s0, s1, out, 0, height, leaf, 0.3f);
}

void paint_fence(const Side& side, double s0, double s1, double out, double height) {
  const Colour own = pick(side.random, {{126, 96, 66}, {196, 192, 184}, {84, 92, 84}, {112, 104, 96}});
  const double begin = std::max(1.5, s0);
  for (double s = s1; s > begin; s -= std::max(0.25, s * 0.03))
    side.along(s - std::max(0.12, s * 0.012), s, out, 0.05, height, own);
  side.along(begin, s1, out - 0.02, height - 0.25, height - 0.15, own * 0.85f);
  side.along(begin, s1, out - 0.02, 0.2, 0.3, own * 0.85f);
}

void paint_guard_rail(const Side& side, double s0, double s1, double out) {
  for (double s = s1; s > std::max(1.5, s0); s -= 4) side.along(s - 0.15, s, out, 0, 0.7, {130, 132, 134});
  side.along(std::max(0.5, s0), s1, out - 0.05, 0.45, 0.78, {176, 178, 180});
  side.along(std::max(0.5, s0), s1, out - 0.06, 0.58, 0.64, {128, 130, 132});
}

constexpr double row_begin = -12, row_end = 150;  // metres ahead

/// Far to near along one side, from s_far to s_near.
void paint_side(const Side& side, double s_near, double s_far) {
  Random& random = side.random;
  const Road& road = side.road;
  const bool city = road.surroundings == Surroundings::city, suburb = road.surroundings == Surroundings::suburb;
  const double setback = city ? random.uniform(0, 1.5) : suburb ? random.uniform(4, 9) : random.uniform(3, 14);
  const bool guard_rail = !city && !suburb && random.chance(0.4), wooded = random.chance(0.6);
  const bool hedged = random.chance(0.5);
  const double boundary = road.outer() + 0.4;
  for (double s = s_far; s > s_near + 2;) {
    const double length = city ? random.uniform(9, 20) : suburb ? random.uniform(9, 14) : random.uniform(4, 9);
    const double begin = std::max(s - length, s_near);
    if (city && !random.chance(0.1)) {
      paint_house(side, begin, s, road.outer() + setback, random.uniform(8, 12), random.uniform(6, 15),
                  random.chance(0.5));
    } else if (city || suburb) {
      const double s_tree = begin + random.uniform(0, length);
      if (s_tree > 3)
        paint_tree(side, s_tree, road.outer() + setback + random.uniform(4, 9), random.uniform(6, 11),
                   pick_leaf(random));
      if (random.chance(0.85))
        paint_house(side, begin + 2, s - 1, road.outer() + setback, random.uniform(7, 10), random.uniform(3, 6), false);
      if (random.chance(0.6)) {
        const double s_front = begin + random.uniform(0, length);
        if (s_front > 5)
          paint_tree(side, s_front, road.outer() + random.uniform(1.5, setback + 1), random.uniform(4.2, 7),
                     pick_leaf(random));
      }
      if (hedged)
        paint_hedge(side, begin, s - 1.5, boundary, random.uniform(0.9, 1.8));
      else
        paint_fence(side, begin, s - 1.5, boundary, random.uniform(0.9, 1.3));
    } else {
      const int trees = wooded ? 3 : random.chance(0.3) ? 1 : 0;
      for (int i = 0; i < trees; ++i) {
        const double s_tree = s - length * (i + random.uniform()) / 3;
        if (s_tree > 4)
          paint_tree(side, s_tree, road.outer() + setback + random.uniform(0, 6), random.uniform(5, 12),
                     pick_leaf(random));
      }
      if (s > 5 && random.chance(0.4))
        paint_crown(side, side.at(std::max(4.0, begin), road.outer() + random.uniform(2, 5), 0.6), random.uniform(2, 4),
                    1.6, pick_leaf(random), 14);
      if (guard_rail) paint_guard_rail(side, begin, s, road.kerb() + 1.0);
    }
    s = begin;
  }
}

}  // namespace

void paint_row(Canvas& canvas, const Road& road, const Light& light, Random& random) {
  canvas.set_owner(Canvas::nobody);
  const double s_near = road.crossing > 0 ? road.crossing + road.crossing_half + 2.5 : row_begin;
  for (const double sign : {-1.0, 1.0}) paint_side({canvas, road, light, random, sign}, s_near, row_end);
}

std::vector<Upright> plan_uprights(Canvas& canvas, const Road& road, const Light& light, Random& random) {
  std::vector<Upright> uprights;
  if (road.crossing > 0) {
    const double corner = road.crossing - road.crossing_half - 2.5;
    const std::uint64_t detail = random.bits();  // painted later, in another order
    uprights.push_back({corner, [&canvas, road, &light, corner, detail] {
                          Random own(detail, Purpose::scene);
                          canvas.set_owner(Canvas::scenery);
                          for (const double sign : {-1.0, 1.0})
                            paint_side({canvas, road, light, own, sign}, row_begin, corner);
                          canvas.set_owner(Canvas::nobody);
                        }});
  }
  for (const double sign : {-1.0, 1.0}) {
    const bool avenue = road.sidewalk > 0 && random.chance(0.35);
    const bool lamps = random.chance(0.6);
    const double pitch = random.uniform(12, 22), start = random.uniform(7, 18);
    for (double s = start; s < 90; s += pitch) {
      const std::uint64_t detail = random.bits();
      if (road.in_crossing(s, 2)) continue;
      const bool lamp = lamps && random.chance(0.5), sign_post = random.chance(0.25);
      if (!avenue && !lamp && !sign_post) continue;
      uprights.push_back(
          {s, [&canvas, road, &light, sign, s, detail, avenue, lamp] {
             Random own(detail, Purpose::scene);
             const Side side{canvas, road, light, own, sign};
             canvas.set_owner(Canvas::scenery);
             const double out = road.kerb() + 0.5;
             const Paint metal{light.shade({116, 120, 122}, {0, 0, -1}, s), {}, false, 1, 0, 0, 0};
             if (lamp) {
               canvas.capsule(side.at(s, out, 0), side.at(s, out, 7), 0.08, 0.05, metal);
               canvas.capsule(side.at(s, out, 7), side.at(s, out - 1.5, 7.3), 0.05, 0.05, metal);
               const Colour bulb = light.dusk ? Colour(255, 226, 160) : metal.colour * 1.2f;
               canvas.capsule(side.at(s, out - 1.3, 7.25), side.at(s, out - 1.9, 7.3), 0.1, 0.08,
                              {bulb, {}, false, 1, 0, 0, 0});
             } else if (avenue) {
               paint_tree(side, s, out + 0.3, own.uniform(6, 10), pick_leaf(own));
             } else {
               canvas.capsule(side.at(s, out, 0), side.at(s, out, 2.4), 0.035, 0.035, metal);
               const bool round = own.chance(0.5);
               const Colour face = pick(own, {{190, 40, 36}, {36, 70, 160}, {220, 210, 60}, {230, 230, 226}});
               const Paint plate{light.shade(face, {0, 0, -1}, s), {}, false, 1, 0, 0, 0};
               if (round)
                 canvas.capsule(side.at(s, out, 2.45), side.at(s, out, 2.46), 0.32, 0.32, plate);
               else
                 side.across(s, out - 0.3, out + 0.3, 2.1, 2.75, face);
             }
             canvas.set_owner(Canvas::nobody);
           }});
    }
  }
  return uprights;
}

}  // namespace fastbox::synth
