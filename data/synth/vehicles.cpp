#include "synth/vehicles.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "synth/bodywork.hpp"

namespace fastbox::synth {
namespace {

Colour pick_colour(Random& random) {
  // Shares as on German streets of KITTI's years: silver, black and grey first.
  static const std::array<std::pair<double, Colour>, 10> colours{{{0.20, {186, 188, 192}},
                                                                  {0.38, {40, 42, 46}},
                                                                  {0.50, {112, 116, 122}},
                                                                  {0.64, {234, 234, 232}},
                                                                  {0.76, {44, 66, 122}},
                                                                  {0.88, {164, 34, 34}},
                                                                  {0.92, {52, 88, 62}},
                                                                  {0.95, {206, 178, 72}},
                                                                  {0.98, {122, 92, 68}},
                                                                  {1.0, {196, 96, 40}}}};
  const double share = random.uniform();
  for (const auto& [up_to, colour] : colours)
    if (share < up_to) return colour * static_cast<float>(random.uniform(0.82, 1.1));
  return colours.back().second;
}

}  // namespace

std::string type_of(Body body) {
  switch (body) {
    case Body::van:
      return "Van";
    case Body::truck:
      return "Truck";
    case Body::tram:
      return "Tram";
    default:
      return "Car";
  }
}

Vehicle pick_vehicle(Body body, Random& random) {
  Vehicle v;
  v.body = body;
  v.colour = pick_colour(random);
  v.detail = random.bits();
  const auto size = [&](double l0, double l1, double w0, double w1, double h0, double h1) {
    v.length = random.uniform(l0, l1), v.width = random.uniform(w0, w1), v.height = random.uniform(h0, h1);
  };
  switch (body) {
    case Body::saloon:
      size(4.2, 4.7, 1.70, 1.82, 1.40, 1.48);
      break;
    case Body::hatchback:
      size(3.6, 4.1, 1.62, 1.76, 1.42, 1.54);
      break;
    case Body::estate:
      size(4.2, 4.7, 1.70, 1.82, 1.43, 1.53);
      break;
    case Body::off_roader:
      size(4.2, 4.6, 1.76, 1.88, 1.62, 1.74);
      break;
    case Body::van:
      size(4.6, 5.5, 1.84, 2.02, 1.98, 2.45);
      break;
    case Body::truck:
      size(6.2, 9.5, 2.35, 2.5, 3.0, 3.6);
      break;
    case Body::tram:
      size(13, 18, 2.3, 2.5, 3.3, 3.6);
      break;
  }
  if (body == Body::van && random.chance(0.5)) v.colour = Colour(228, 228, 224);
  if (body == Body::tram) v.colour = Colour(210, 176, 48);
  return v;
}

void paint_shadow(Canvas& canvas, const Pose& pose, double length, double width, double height, const Light& light) {
  const auto soft = [&](std::vector<cv::Point2f> ground, float darkness, double step) {
    std::vector<cv::Point2f> hull;
    cv::convexHull(ground, hull);
    cv::Point2f middle(0, 0);
    for (const auto& p : hull) middle += p * (1.f / static_cast<float>(hull.size()));
    constexpr int layers = 7;
    for (int i = 0; i < layers; ++i) {
      std::vector<Vec3> outline;
      for (const auto& p : hull) {
        const cv::Point2f away = p - middle;
        const double reach = std::max(0.1, std::hypot(static_cast<double>(away.x), static_cast<double>(away.y))),
                     grown = (reach + step * (0.5 * layers - i)) / reach;
        outline.emplace_back(middle.x + away.x * grown, canvas.camera().mount, middle.y + away.y * grown);
      }
      canvas.polygon(std::span<const Vec3>(outline), {Colour(14, 15, 20), {}, false, darkness / layers, 0, 0, 0});
    }
  };
  std::vector<cv::Point2f> foot, cast;
  for (const double f : {-0.5, 0.5})
    for (const double s : {-0.5, 0.5}) {
      const Vec3 p = pose.at(f * length, 0, s * width);
      foot.emplace_back(static_cast<float>(p.x), static_cast<float>(p.z));
      const double reach = std::min(2.5, 1 / std::max(0.1, -light.to_sun.y)) * height * 0.9;
      cast.push_back(foot.back());
      cast.emplace_back(static_cast<float>(p.x - light.to_sun.x * reach),
                        static_cast<float>(p.z - light.to_sun.z * reach));
    }
  if (light.sunny > 0.1) soft(cast, static_cast<float>(0.75 * light.sunny), 0.05);
  soft(foot, 1.25f, 0.09);
}

void paint_vehicle(Canvas& canvas, const Vehicle& vehicle, const Pose& pose, const Light& light) {
  Random random(vehicle.detail, Purpose::scene);
  Bodywork body(canvas, pose, light);
  switch (vehicle.body) {
    case Body::van:
      paint_van(body, vehicle, random);
      break;
    case Body::truck:
      paint_truck(body, vehicle, random);
      break;
    case Body::tram:
      paint_tram(body, vehicle, random);
      break;
    default:
      paint_car(body, vehicle, random);
      break;
  }
}

}  // namespace fastbox::synth