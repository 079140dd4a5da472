#include "synth/people.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

namespace fastbox::synth {
namespace {

/// A stroke of the figure in body coordinates.
struct Limb {
  Vec3 a, b;  ///< (forward, up, left), metres
  double radius_a, radius_b;
  Colour colour;
};

struct Clothes {
  Colour shirt, trousers, skin, hair, shoes;
};

Clothes pick_clothes(Random& random) {
  const auto any = [&](double low, double high) {
    return Colour(static_cast<float>(random.uniform(low, high)), static_cast<float>(random.uniform(low, high)),
                  static_cast<float>(random.uniform(low, high)));
  };
  Clothes clothes{any(40, 225), any(25, 110), Colour(222, 176, 148), any(20, 90), any(20, 90)};
  if (random.chance(0.35)) clothes.trousers = Colour(50, 62, 96);
  if (random.chance(0.25)) clothes.skin = Colour(150, 106, 82);
  clothes.hair = Colour(clothes.hair[0], clothes.hair[0] * 0.8f, clothes.hair[0] * 0.6f);
  return clothes;
}

/// Far to near, each stroke lit.
void paint_limbs(Canvas& canvas, std::vector<Limb>& limbs, const Pose& pose, const Light& light) {
  const auto depth = [&](const Limb& limb) {
    const Vec3 middle = (limb.a + limb.b) * 0.5;
    return pose.at(middle.x, middle.y, middle.z).z;
  };
  std::stable_sort(limbs.begin(), limbs.end(),
                   [&](const Limb& p, const Limb& q) { return depth(p) > depth(q) + 1e-6; });
  for (const Limb& limb : limbs) {
    const Vec3 a = pose.at(limb.a.x, limb.a.y, limb.a.z), b = pose.at(limb.b.x, limb.b.y, limb.b.z);
    const Colour lit = light.shade(limb.colour, {0, -0.2, -0.9}, a.z);
    canvas.capsule(a, b, limb.radius_a, limb.radius_b, {lit * 1.06f, lit * 0.88f, true, 1, 0, 0, 0});
  }
}

void head(std::vector<Limb>& limbs, const Vec3& neck, double h, const Clothes& clothes, bool helmet) {
  const double r = 0.062 * h;
  const Vec3 centre = neck + Vec3(0.02, h * 0.085, 0);
  limbs.push_back({neck, centre, 0.03 * h, 0.03 * h, clothes.skin});
  limbs.push_back({centre + Vec3(0.01, -0.02, 0), centre + Vec3(0.01, 0.02, 0), r * 0.92, r * 0.9, clothes.skin});
  limbs.push_back({centre + Vec3(-0.035, 0.03, 0), centre + Vec3(-0.02, 0.055, 0), r * 0.9, r * 0.85,
                   helmet ? clothes.shirt * 0.8f + Colour(40, 40, 40) : clothes.hair});
}

std::vector<Limb> walker(const Person& person, Random& random) {
  const Clothes c = pick_clothes(random);
  const double h = person.height, stride = person.length * 0.42 * random.uniform(0.4, 1),
               sway = person.width / 2 - 0.06;
  const Vec3 hip(0, 0.52 * h, 0), neck(0.02, 0.83 * h, 0);
  std::vector<Limb> limbs;
  for (const double side : {1.0, -1.0}) {
    const Vec3 joint = hip + Vec3(0, 0, side * 0.055 * h),
               knee(side * stride * 0.55 + 0.04, 0.27 * h, side * 0.055 * h);
    const Vec3 ankle(side * stride * 0.9 - 0.02, 0.045 * h, side * 0.055 * h);
    limbs.push_back({joint, knee, 0.052 * h, 0.038 * h, c.trousers});
    limbs.push_back({knee, ankle, 0.038 * h, 0.028 * h, c.trousers * 0.95f});
    limbs.push_back(
        {ankle + Vec3(-0.02, -0.018 * h, 0), ankle + Vec3(0.12, -0.022 * h, 0), 0.024 * h, 0.02 * h, c.shoes});
    const Vec3 shoulder = neck + Vec3(0, -0.02 * h, side * 0.1 * h),
               elbow(-side * stride * 0.25, 0.63 * h, side * sway);
    const Vec3 hand(-side * stride * 0.5 + 0.06, 0.5 * h, side * sway * 0.95);
    limbs.push_back({shoulder, elbow, 0.034 * h, 0.028 * h, c.shirt * 0.9f});
    limbs.push_back({elbow, hand, 0.026 * h, 0.022 * h, random.chance(0.5) ? c.skin : c.shirt * 0.9f});
  }
  for (const double side : {1.0, -1.0})
    limbs.push_back({hip + Vec3(0, -0.02 * h, side * 0.035 * h), neck + Vec3(0, -0.05 * h, side * 0.055 * h), 0.06 * h,
                     0.06 * h, c.shirt});
  limbs.push_back(
      {neck + Vec3(0, -0.03 * h, 0.075 * h), neck + Vec3(0, -0.03 * h, -0.075 * h), 0.042 * h, 0.042 * h, c.shirt});
  head(limbs, neck, h, c, false);
  if (random.chance(0.25))  // a bag
    limbs.push_back(
        {Vec3(0, 0.46 * h, -sway), Vec3(0.02, 0.38 * h, -sway), 0.07, 0.09, c.trousers * 0.6f + Colour(40, 20, 10)});
  return limbs;
}

std::vector<Limb> rider(const Person& person, Random& random) {
  const Clothes c = pick_clothes(random);
  const double h = person.height, r = 0.34, base = person.length / 2 - r - 0.02;
  const Colour frame(static_cast<float>(random.uniform(30, 200)), static_cast<float>(random.uniform(30, 120)),
                     static_cast<float>(random.uniform(30, 160)));
  std::vector<Limb> limbs;
  for (const double wheel : {base, -base}) {
    constexpr int parts = 14;
    for (int i = 0; i < parts; ++i) {
      const auto rim = [&](int k) {
        const double turn = 2 * std::numbers::pi * k / parts;
        return Vec3(wheel + (r - 0.02) * std::cos(turn), r + (r - 0.02) * std::sin(turn), 0);
      };
      limbs.push_back({rim(i), rim(i + 1), 0.022, 0.022, {32, 32, 34}});
    }
  }
  const Vec3 crank(-0.08, 0.3, 0), seat(-0.25, 0.56 * h, 0), stem(base - 0.18, 0.56 * h, 0);
  for (const auto& [a, b] : {std::pair{crank, seat},
                             {crank, stem},
                             {seat - Vec3(0, 0.1, 0), stem - Vec3(0, 0.06, 0)},
                             {crank, Vec3(-base, r, 0)},
                             {seat, Vec3(-base, r, 0)},
                             {stem, Vec3(base, r, 0)}})
    limbs.push_back({a, b, 0.024, 0.024, frame});
  const Vec3 bar = stem + Vec3(0.04, 0.08, 0);
  limbs.push_back({bar + Vec3(0, 0, -0.24), bar + Vec3(0, 0, 0.24), 0.022, 0.022, {40, 40, 42}});
  const Vec3 neck(0.1, 0.86 * h, 0);
  const double turn = random.uniform(0, 2 * std::numbers::pi);
  for (const double side : {1.0, -1.0}) {
    const Vec3 foot = crank + Vec3(side * 0.16 * std::cos(turn), side * 0.16 * std::sin(turn), side * 0.1);
    const Vec3 hip = seat + Vec3(0, 0.03, side * 0.08);
    const Vec3 knee = (hip + foot) * 0.5 + Vec3(0.2, 0.1, side * 0.02);
    limbs.push_back({hip, knee, 0.085, 0.065, c.trousers});
    limbs.push_back({knee, foot, 0.06, 0.045, c.trousers * 0.95f});
    limbs.push_back({foot, foot + Vec3(0.14, -0.01, 0), 0.04, 0.035, c.shoes});
    const Vec3 shoulder = neck + Vec3(0, -0.06, side * 0.17),
               elbow = (shoulder + bar) * 0.5 + Vec3(-0.04, -0.06, side * 0.12);
    limbs.push_back({shoulder, elbow, 0.058, 0.048, c.shirt * 0.92f});
    limbs.push_back(
        {elbow, bar + Vec3(0, 0, side * 0.22), 0.045, 0.038, random.chance(0.4) ? c.skin : c.shirt * 0.92f});
  }
  for (const double side : {1.0, -1.0})
    limbs.push_back({seat + Vec3(0, 0.05, side * 0.06), neck + Vec3(-0.02, -0.08, side * 0.09), 0.1, 0.11, c.shirt});
  limbs.push_back({neck + Vec3(0, -0.06, 0.12), neck + Vec3(0, -0.06, -0.12), 0.075, 0.075, c.shirt});
  head(limbs, neck, h, c, random.chance(0.5));
  return limbs;
}

}  // namespace

Person pick_person(bool cycling, Random& random) {
  Person person;
  person.cycling = cycling;
  person.detail = random.bits();
  person.height = random.uniform(1.58, 1.9);
  if (cycling)
    person.length = random.uniform(1.65, 1.85), person.width = 0.62;
  else
    person.length = random.uniform(0.6, 1.0), person.width = random.uniform(0.52, 0.7);
  return person;
}

void paint_person(Canvas& canvas, const Person& person, const Pose& pose, const Light& light) {
  Random random(person.detail, Purpose::scene);
  auto limbs = person.cycling ? rider(person, random) : walker(person, random);
  paint_limbs(canvas, limbs, pose, light);
}

}  // namespace fastbox::synth
