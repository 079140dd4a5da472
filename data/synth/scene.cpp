#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <variant>

#include "synth/background.hpp"
#include "synth/generate.hpp"
#include "synth/scene.hpp"
#include "synth/scenery.hpp"

namespace fastbox::synth {
namespace {

constexpr double dont_care_height = 18, dont_care_distance = 70, dont_care_hidden = 0.85;

/// What painting an actor leaves behind.
struct Painted {
  io::Box hull;    ///< of the silhouette, not clipped
  int pixels = 0;  ///< painted ones within the frame
};

io::Box clipped(const io::Box& box, const Camera& camera) {
  const double right = camera.width - 1, bottom = camera.height - 1;
  return {std::clamp(box.left, 0.0, right), std::clamp(box.top, 0.0, bottom), std::clamp(box.right, 0.0, right),
          std::clamp(box.bottom, 0.0, bottom)};
}

double rounded(double value) {
  return std::round(value * 100) / 100;
}

/// As KITTI writes an object: two decimals.
io::Object label_of(const Actor& actor, const Painted& painted, int visible, const Camera& camera) {
  io::Object object;
  object.box = clipped(painted.hull, camera);
  const Vec3& at = actor.pose.origin;
  const double hidden = 1 - static_cast<double>(visible) / painted.pixels;
  if (object.box.height() < dont_care_height || at.z > dont_care_distance || hidden > dont_care_hidden) {
    object.type = "DontCare";
    return object;
  }
  object.type = actor.type;
  const double whole = painted.hull.width() * painted.hull.height();
  object.truncated = rounded(1 - object.box.width() * object.box.height() / whole);
  object.occluded = hidden <= 0.1 ? 0 : hidden <= 0.5 ? 1 : 2;
  object.height = rounded(actor.height), object.width = rounded(actor.width), object.length = rounded(actor.length);
  object.x = rounded(at.x), object.y = rounded(at.y), object.z = rounded(at.z);
  object.rotation_y = rounded(actor.pose.rotation_y);
  object.alpha = rounded(std::remainder(actor.pose.rotation_y - std::atan2(at.x, at.z), 2 * std::numbers::pi));
  return object;
}

}  // namespace

Plan plan_scene(std::uint64_t seed, std::uint64_t index) {
  Random random(seed, Purpose::scene, index);
  Camera camera = pick_camera(random);
  Light light = pick_light(random);
  Road road = pick_road(random);
  auto actors = plan_traffic(camera, road, random);
  std::sort(actors.begin(), actors.end(),
            [](const Actor& p, const Actor& q) { return p.pose.origin.z > q.pose.origin.z; });
  return {random, camera, light, road, std::move(actors)};
}

void paint_actor(Canvas& canvas, const Actor& actor, const Light& light) {
  if (const auto* vehicle = std::get_if<Vehicle>(&actor.figure)) {
    paint_vehicle(canvas, *vehicle, actor.pose, light);
  } else {
    paint_person(canvas, std::get<Person>(actor.figure), actor.pose, light);
  }
}

Scene render_scene(std::uint64_t seed, std::uint64_t index) {
  const Plan plan = plan_scene(seed, index);
  const Camera& camera = plan.camera;
  const Light& light = plan.light;
  const auto& actors = plan.actors;
  Random random = plan.random;
  Canvas canvas(camera);
  paint_sky(canvas, light, random);
  paint_horizon(canvas, light, random);
  paint_ground(canvas, plan.road, light, random);
  paint_row(canvas, plan.road, light, random);
  for (const Actor& actor : actors) paint_shadow(canvas, actor.pose, actor.length, actor.width, actor.height, light);

  std::vector<Painted> painted(actors.size());
  auto uprights = plan_uprights(canvas, plan.road, light, random);
  for (std::size_t i = 0; i < actors.size(); ++i) {
    uprights.push_back({actors[i].pose.origin.z, [&, i] {
                          const auto owner = static_cast<std::uint8_t>(i + 1);
                          canvas.set_owner(owner);
                          paint_actor(canvas, actors[i], light);
                          painted[i] = {canvas.extent(), canvas.count(owner, canvas.extent())};
                        }});
  }
  std::stable_sort(uprights.begin(), uprights.end(), [](const Upright& p, const Upright& q) { return p.z > q.z; });
  for (const Upright& upright : uprights) upright.paint();

  Scene scene;
  std::vector<io::Object> ignored;
  for (std::size_t i = actors.size(); i-- > 0;) {
    if (painted[i].pixels == 0) continue;
    const int visible = canvas.count(static_cast<std::uint8_t>(i + 1), painted[i].hull);
    auto object = label_of(actors[i], painted[i], visible, camera);
    (object.type == "DontCare" ? ignored : scene.objects).push_back(object);
  }
  scene.objects.insert(scene.objects.end(), ignored.begin(), ignored.end());
  scene.rgb = canvas.reduced();
  expose(scene.rgb, light, random);
  return scene;
}

}  // namespace fastbox::synth
