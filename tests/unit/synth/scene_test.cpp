#include "synth/scene.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "synth/generate.hpp"

using namespace fastbox;
using namespace fastbox::synth;

namespace {

constexpr std::uint64_t seed = 7;
constexpr int frames = 40;

/// Scenes are drawn once for all cases of this file.
const std::vector<Scene>& scenes() {
  static const std::vector<Scene> drawn = [] {
    std::vector<Scene> list;
    for (std::uint64_t i = 0; i < frames; ++i) list.push_back(render_scene(seed, i));
    return list;
  }();
  return drawn;
}

bool labelled(const io::Object& object) {
  return object.type != "DontCare";
}

bool same_pixels(const cv::Mat& a, const cv::Mat& b) {
  return a.size() == b.size() && cv::norm(a, b, cv::NORM_INF) == 0;
}

/// The actor whose label this is, by its place.
const Actor* actor_of(const Plan& plan, const io::Object& object) {
  for (const Actor& actor : plan.actors)
    if (std::abs(actor.pose.origin.x - object.x) < 0.006 && std::abs(actor.pose.origin.z - object.z) < 0.006)
      return &actor;
  return nullptr;
}

}  // namespace

TEST_CASE("a frame is a function of seed and index", "[scene]") {
  const Scene again = render_scene(seed, 3);
  CHECK(same_pixels(again.rgb, scenes()[3].rgb));
  CHECK(io::format_labels(again.objects) == io::format_labels(scenes()[3].objects));
  CHECK(io::format_labels(render_scene(seed + 1, 3).objects) != io::format_labels(again.objects));
  std::set<std::string> different;
  for (const Scene& scene : scenes()) different.insert(io::format_labels(scene.objects));
  CHECK(different.size() == frames);
}

TEST_CASE("frames have KITTI's sizes, boxes lie inside, every column is filled", "[scene]") {
  const std::set<std::pair<int, int>> sizes{{1242, 375}, {1238, 374}, {1224, 370}, {1241, 376}};
  const std::set<std::string> types{"Car", "Van", "Truck", "Pedestrian", "Cyclist", "Tram", "DontCare"};
  for (const Scene& scene : scenes()) {
    CHECK(sizes.count({scene.rgb.cols, scene.rgb.rows}) == 1);
    CHECK(scene.rgb.type() == CV_8UC3);
    for (const auto& object : scene.objects) {
      CAPTURE(io::format_labels({object}));
      CHECK(types.count(object.type) == 1);
      CHECK(object.box.left >= 0);
      CHECK(object.box.top >= 0);
      CHECK(object.box.right <= scene.rgb.cols - 1);
      CHECK(object.box.bottom <= scene.rgb.rows - 1);
      CHECK(object.box.width() > 0);
      CHECK(object.box.height() > 0);
      if (!labelled(object)) continue;
      CHECK(object.box.height() >= 18);
      CHECK(object.truncated >= 0);
      CHECK(object.truncated <= 0.8);
      CHECK(object.occluded >= 0);
      CHECK(object.occluded <= 2);
      CHECK(object.z <= 70);
      CHECK(object.y == 1.65);
      CHECK(std::abs(object.rotation_y) <= 3.15);
      const double alpha = object.rotation_y - std::atan2(object.x, object.z);
      CHECK(std::abs(std::remainder(object.alpha - alpha, 2 * CV_PI)) < 0.02);
    }
  }
}

TEST_CASE("the label's box is the painted silhouette's", "[scene]") {
  int compared = 0;
  for (std::uint64_t i = 0; i < frames; ++i) {
    const Plan plan = plan_scene(seed, i);
    for (const auto& object : scenes()[i].objects) {
      if (!labelled(object)) continue;
      CAPTURE(i, io::format_labels({object}));
      const Actor* actor = actor_of(plan, object);
      REQUIRE(actor);
      Canvas alone(plan.camera);
      alone.set_owner(1);
      paint_actor(alone, *actor, plan.light);
      io::Box hull;
      REQUIRE(alone.count(1, alone.extent(), &hull) > 0);
      // Where the frame cuts the object the silhouette ends at the frame's edge, half a pixel beyond the last
      // centre.
      CHECK(std::abs(hull.left - object.box.left) <= 1.5);
      CHECK(std::abs(hull.top - object.box.top) <= 1.5);
      CHECK(std::abs(hull.right - object.box.right) <= 1.5);
      CHECK(std::abs(hull.bottom - object.box.bottom) <= 1.5);
      ++compared;
    }
  }
  CHECK(compared > 100);
}

TEST_CASE("the three-dimensional columns agree with the box", "[scene]") {
  for (std::uint64_t i = 0; i < frames; ++i) {
    const Plan plan = plan_scene(seed, i);
    for (const auto& object : scenes()[i].objects) {
      if (!labelled(object) || object.truncated > 0) continue;
      CAPTURE(i, io::format_labels({object}));
      const Vec2 centre = plan.camera.project({object.x, object.y - object.height / 2, object.z});
      CHECK(centre.x > object.box.left);
      CHECK(centre.x < object.box.right);
      CHECK(centre.y > object.box.top);
      CHECK(centre.y < object.box.bottom);

      // The silhouette fills the projected cuboid of the label's own numbers, and does not leave it.
      Actor cuboid;
      cuboid.pose = {{object.x, object.y, object.z}, object.rotation_y};
      cuboid.length = object.length, cuboid.width = object.width, cuboid.height = object.height;
      const io::Box outer = project_cuboid(plan.camera, cuboid);
      const double slack = 1 + 0.04 * outer.height();
      CHECK(object.box.left > outer.left - slack);
      CHECK(object.box.right < outer.right + slack);
      CHECK(object.box.top > outer.top - slack);
      CHECK(object.box.bottom < outer.bottom + slack);
      if (object.type != "Pedestrian" && object.type != "Cyclist")
        CHECK(object.box.width() * object.box.height() > 0.75 * outer.width() * outer.height());
    }
  }
}

TEST_CASE("sizes fall with distance", "[scene]") {
  for (const Scene& scene : scenes())
    for (const auto& object : scene.objects) {
      if (object.type != "Car" || object.truncated > 0) continue;
      CAPTURE(io::format_labels({object}));
      // Height in pixels of a body at its centre's distance; its near end is nearer.
      const double expected = 720 * object.height / object.z;
      CHECK(object.box.height() > 0.9 * expected);
      CHECK(object.box.height() < 1.15 * 720 * object.height / (object.z - object.length / 2));
    }
}

TEST_CASE("the street is as full and as mixed as KITTI's", "[scene]") {
  std::map<std::string, int> count;
  std::map<int, int> occlusion;
  int vehicles = 0, objects = 0, truncated = 0;
  for (const Scene& scene : scenes()) {
    int here = 0;
    for (const auto& object : scene.objects) {
      ++count[object.type];
      if (!labelled(object)) continue;
      ++objects;
      ++occlusion[object.occluded];
      truncated += object.truncated > 0.02;
      here += object.type != "Pedestrian" && object.type != "Cyclist";
    }
    CHECK(here >= 2);
    CHECK(here <= 12);
    vehicles += here;
  }
  CHECK(vehicles > 4.2 * frames);
  CHECK(vehicles < 6.5 * frames);
  CHECK(count["Car"] > 0.6 * objects);
  CHECK(count["Car"] < 0.85 * objects);
  for (const char* type : {"Van", "Truck", "Pedestrian", "Cyclist", "DontCare"}) {
    CAPTURE(type);
    CHECK(count[type] >= 3);
  }
  for (const int level : {0, 1, 2}) CHECK(occlusion[level] > 0);
  CHECK(occlusion[0] > objects / 2);
  CHECK(truncated > 0);
}
