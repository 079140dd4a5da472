#include "synth/traffic.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace fastbox::synth {
namespace {

constexpr double pi = std::numbers::pi;

double overlap(const io::Box& a, const io::Box& b) {
  const double w = std::min(a.right, b.right) - std::max(a.left, b.left);
  const double h = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  return w > 0 && h > 0 ? w * h : 0;
}

double wrapped(double angle) {
  return std::remainder(angle, 2 * pi);
}

class Planner {
 public:
  Planner(const Camera& camera, const Road& road, Random& random) : camera_(camera), road_(road), random_(random) {}

  std::vector<Actor> plan() {
    // Three to nine vehicles, five and a bit on average.
    int vehicles = 3;
    for (int i = 0; i < 6; ++i) vehicles += random_.chance(0.4);
    repeat(vehicles, [&] { return vehicle(log_uniform(6.5, 43)); });
    const bool town = road_.surroundings != Surroundings::country;
    int walkers = 0, riders = 0;
    if (random_.chance(town ? 0.45 : 0.08)) walkers = 1 + static_cast<int>(random_.below(3));
    if (random_.chance(town ? 0.32 : 0.2)) riders = 1 + random_.chance(0.2);
    repeat(walkers, [&] { return person(false); });
    repeat(riders, [&] { return person(true); });
    const int far = static_cast<int>(random_.below(4));
    repeat(far, [&] { return vehicle(random_.uniform(58, 115)); });
    return std::move(actors_);
  }

 private:
  template <typename Propose>
  void repeat(int wanted, const Propose& propose) {
    for (int i = 0; i < wanted; ++i)
      for (int attempt = 0; attempt < 30; ++attempt)
        if (add(propose())) break;
  }

  /// Near places are as frequent per relative distance as far ones, so box heights spread like KITTI's.
  double log_uniform(double low, double high) { return low * std::pow(high / low, random_.uniform()); }

  Actor stand(const std::string& type, double l, double w, double h, double s, double t, double along) {
    Actor actor;
    actor.type = type;
    actor.length = l, actor.width = w, actor.height = h;
    // `along` is the heading against the road's course: 0 ahead, pi oncoming.
    actor.pose = {road_.at(camera_, s, t), wrapped(-pi / 2 + road_.bearing(s) + along)};
    return actor;
  }

  Body pick_body(bool parked) {
    const double share = random_.uniform();
    if (!parked && share < 0.012 && road_.surroundings == Surroundings::city) return Body::tram;
    if (share < 0.035) return Body::truck;
    if (share < 0.15) return Body::van;
    if (share < 0.42) return Body::saloon;
    if (share < 0.68) return Body::hatchback;
    return share < 0.88 ? Body::estate : Body::off_roader;
  }

  Actor vehicle(double s) {
    const double place = random_.uniform();
    const double jitter = 0.02 * random_.normal();
    const bool parked = road_.bay > 0 && place < 0.5;
    Vehicle v = pick_vehicle(pick_body(parked), random_);
    v.moving = !parked;
    double t = 0, along = 0;
    if (parked) {
      const double side = random_.chance(0.55) ? 1 : -1;
      t = side * (road_.kerb() - v.width / 2 - random_.uniform(0.1, 0.3));
      along = side < 0 ? pi : 0;
      if (random_.chance(0.15)) along += pi;
    } else if (place > 0.88 && road_.crossing > 0) {  // on the crossing street
      const bool rightward = random_.chance(0.5);
      s = road_.crossing + (rightward ? -0.45 : 0.45) * road_.crossing_half;
      t = random_.uniform(-16, 16);
      along = rightward ? pi / 2 : -pi / 2;
    } else {
      const int lane = static_cast<int>(random_.below(static_cast<std::uint64_t>(road_.lanes)));
      const bool oncoming = random_.chance(0.45);
      t = (lane + 0.5) * road_.lane * (oncoming ? -1 : 1) + 0.2 * random_.normal();
      along = oncoming ? pi : 0;
      if (road_.in_crossing(s) && random_.chance(0.5)) along += random_.uniform(-0.9, 0.9);  // turning
    }
    Actor actor = stand(type_of(v.body), v.length, v.width, v.height, s, t, along + jitter);
    actor.figure = v;
    return actor;
  }

  Actor person(bool cycling) {
    const Person p = pick_person(cycling, random_);
    const double s = log_uniform(7, 36), side = random_.chance(0.6) ? 1 : -1;
    double t = 0, along = random_.chance(0.5) ? 0 : pi;
    if (cycling) {
      t = side * (road_.lane * road_.lanes - random_.uniform(0.4, 0.9));
      along = side > 0 ? 0 : pi;
    } else {
      const double walk = std::max(1.2, road_.sidewalk);
      t = side * (road_.kerb() + random_.uniform(0.4, walk - 0.3));
      if (random_.chance(0.15)) t = random_.uniform(-1, 1) * road_.kerb(), along = pi / 2 * side;  // crosses the road
    }
    Actor actor =
        stand(cycling ? "Cyclist" : "Pedestrian", p.length, p.width, p.height, s, t, along + 0.15 * random_.normal());
    actor.figure = p;
    return actor;
  }

  bool add(Actor actor) {
    const double reach = std::hypot(actor.length, actor.width) / 2;
    const Vec3& at = actor.pose.origin;
    if (at.z - reach < 2.2) return false;
    // The camera's own car needs its lane.
    if (std::abs(at.x) < 1.8 && at.z - reach < 3.5) return false;
    const io::Box box = project_cuboid(camera_, actor);
    const io::Box frame{0, 0, camera_.width - 1.0, camera_.height - 1.0};
    const double inside = overlap(box, frame) / (box.width() * box.height());
    if (inside < 0.35 || (inside < 0.95 && random_.chance(0.4))) return false;
    double hidden_most = random_.chance(0.15) ? 0.8 : 0.42;
    double hidden = 0;
    for (const Actor& other : actors_) {
      if (collide(actor, other)) return false;
      const io::Box theirs = project_cuboid(camera_, other);
      const double common = overlap(box, theirs);
      if (other.pose.origin.z < at.z) {
        hidden += common / (box.width() * box.height());
      } else if (common / (theirs.width() * theirs.height()) > hidden_most) {
        return false;
      }
    }
    if (hidden > hidden_most) return false;
    actors_.push_back(std::move(actor));
    return true;
  }

  /// Separating axes of two rectangles on the ground, with a gap between bodies.
  static bool collide(const Actor& p, const Actor& q) {
    constexpr double gap = 0.35;
    const Vec3 between = q.pose.origin - p.pose.origin;
    for (const Actor* axis_of : {&p, &q})
      for (const bool forward : {true, false}) {
        const Vec3 axis = axis_of->pose.turn(forward ? 1 : 0, 0, forward ? 0 : 1);
        double extent = gap;
        for (const Actor* body : {&p, &q})
          extent += std::abs(axis.dot(body->pose.turn(body->length / 2, 0, 0))) +
                    std::abs(axis.dot(body->pose.turn(0, 0, body->width / 2)));
        if (std::abs(axis.dot(between)) > extent) return false;
      }
    return true;
  }

  const Camera& camera_;
  const Road& road_;
  Random& random_;
  std::vector<Actor> actors_;
};

}  // namespace

std::vector<Actor> plan_traffic(const Camera& camera, const Road& road, Random& random) {
  return Planner(camera, road, random).plan();
}

io::Box project_cuboid(const Camera& camera, const Actor& actor) {
  io::Box box{1e9, 1e9, -1e9, -1e9};
  for (const double f : {-0.5, 0.5})
    for (const double s : {-0.5, 0.5})
      for (const double up : {0.0, 1.0}) {
        const Vec2 p = camera.project(actor.pose.at(f * actor.length, up * actor.height, s * actor.width));
        box = {std::min(box.left, p.x), std::min(box.top, p.y), std::max(box.right, p.x), std::max(box.bottom, p.y)};
      }
  return box;
}

}  // namespace fastbox::synth
