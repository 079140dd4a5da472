#include "synth/background.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace fastbox::synth {
namespace {

/// A band of the road's cross-section, from lateral place `t` to the next band's.
struct Band {
  double t;
  Colour colour;
  float grain;
  bool paved;  ///< gives way to asphalt where another street crosses
};

struct Marking {
  double t, half_width, dash, period;  ///< metres; dash = period: unbroken
};

cv::Vec3b to_pixel(const Colour& c) {
  return {cv::saturate_cast<uchar>(c[0]), cv::saturate_cast<uchar>(c[1]), cv::saturate_cast<uchar>(c[2])};
}

/// Column of the painted grid where (s, t) lies.
int column_of(const Canvas& canvas, const Road& road, double s, double t) {
  const Camera& camera = canvas.camera();
  const double u = camera.cx + camera.focal * (road.centre(s) + t) / s;
  const double column = std::ceil((u + 0.5) * Canvas::scale - 0.5);
  return static_cast<int>(std::clamp(column, 0.0, static_cast<double>(camera.width * Canvas::scale)));
}

std::vector<Band> cross_section(const Road& road, Random& random) {
  const Colour asphalt = Colour(1.f, 1.f, 1.02f) * static_cast<float>(random.uniform(92, 128));
  const Colour bay = random.chance(0.5) ? asphalt * 0.9f : Colour(128, 118, 110);
  const Colour grass = Colour(86, 112, 52) * static_cast<float>(random.uniform(0.8, 1.2));
  const Colour walk = Colour(158, 154, 148) * static_cast<float>(random.uniform(0.85, 1.05));
  const Colour kerb(176, 174, 170);
  const bool city = road.surroundings == Surroundings::city;
  const Colour beyond = city ? Colour(140, 134, 126) : grass;
  const float rough = city ? 0.06f : 0.22f;
  const double drive = road.lane * road.lanes;
  std::vector<Band> bands;
  bands.push_back({-1e6, beyond, rough, true});
  if (road.sidewalk > 0) {
    bands.push_back({-road.outer(), walk, 0.05f, true});
    bands.push_back({-road.kerb() - 0.15, kerb, 0.03f, true});
  } else {
    bands.push_back({-road.kerb() - 0.8, Colour(134, 126, 104), 0.15f, true});
  }
  if (road.bay > 0) bands.push_back({-road.kerb(), bay, 0.06f, false});
  bands.push_back({-drive, asphalt, 0.06f, false});
  if (road.bay > 0) bands.push_back({drive, bay, 0.06f, false});
  if (road.sidewalk > 0) {
    bands.push_back({road.kerb(), kerb, 0.03f, true});
    bands.push_back({road.kerb() + 0.15, walk, 0.05f, true});
    bands.push_back({road.outer(), beyond, rough, true});
  } else {
    bands.push_back({road.kerb(), Colour(134, 126, 104), 0.15f, true});
    bands.push_back({road.kerb() + 0.8, beyond, rough, true});
  }
  return bands;
}

std::vector<Marking> lane_markings(const Road& road, Random& random) {
  std::vector<Marking> markings;
  if (!road.markings) return markings;
  const bool country = road.surroundings == Surroundings::country;
  const bool unbroken = random.chance(0.25);
  markings.push_back({0, 0.07, unbroken ? 9.0 : 4.0, 9.0});
  for (int lane = 1; lane < road.lanes; ++lane)
    for (const double side : {-1.0, 1.0}) markings.push_back({side * lane * road.lane, 0.06, 3, 9});
  if (country || random.chance(0.5)) {
    const double edge = road.lane * road.lanes - 0.2;
    for (const double side : {-1.0, 1.0}) markings.push_back({side * edge, 0.07, 9, 9});
  }
  return markings;
}

}  // namespace

void paint_sky(Canvas& canvas, const Light& light, Random& random) {
  // Smooth, so drawn on a coarse grid and enlarged.
  constexpr int coarse = 6;
  const Camera& camera = canvas.camera();
  const int rows = std::min(camera.height, static_cast<int>(camera.cy) + 3), columns = camera.width;
  cv::Mat_<cv::Vec3b> sky(rows * Canvas::scale / coarse + 1, columns * Canvas::scale / coarse + 1);
  const int shift_x = static_cast<int>(random.below(512)), shift_y = static_cast<int>(random.below(512));
  const auto cover = static_cast<float>(random.uniform(-0.7, 0.6));
  for (int y = 0; y < sky.rows; ++y) {
    const double up = std::max(0.0, 1 - static_cast<double>(y) / (sky.rows - 1));
    const auto share = static_cast<float>(std::pow(up, 0.8));
    const Colour clear = light.horizon * (1 - share) + light.zenith * share;
    // Clouds lie in a plane high above: their texture shrinks towards the horizon.
    const double depth = 1 / (up + 0.16);
    const auto soft = [&](double u, double v) {
      const int x0 = static_cast<int>(std::floor(u)), y0 = static_cast<int>(std::floor(v));
      const auto fx = static_cast<float>(u - x0), fy = static_cast<float>(v - y0);
      return (texture(x0, y0) * (1 - fx) + texture(x0 + 1, y0) * fx) * (1 - fy) +
             (texture(x0, y0 + 1) * (1 - fx) + texture(x0 + 1, y0 + 1) * fx) * fy;
    };
    for (int x = 0; x < sky.cols; ++x) {
      const double u = shift_x + (x - sky.cols / 2) * depth * 0.16 + 512, v = shift_y + depth * 24;
      const float value = 1.1f * soft(u / 3, v / 3) + 0.35f * soft(u, v) + cover;
      const float dense = std::clamp(value * 0.8f, 0.f, 0.9f) * std::min(1.f, share * 3.f);
      sky(y, x) = to_pixel(clear * (1 - dense) + light.cloud * dense);
    }
  }
  cv::Mat upper = canvas.pixels().rowRange(0, rows * Canvas::scale);
  cv::resize(sky, upper, upper.size(), 0, 0, cv::INTER_LINEAR);
}

void paint_horizon(Canvas& canvas, const Light& light, Random& random) {
  const Camera& camera = canvas.camera();
  for (int layer = 0; layer < 3; ++layer) {
    const double distance = 420.0 - 120.0 * layer;
    const Colour own = layer == 0 ? Colour(92, 104, 100) : Colour(66, 84, 50) * (layer == 1 ? 1.f : 0.85f);
    const Paint paint{light.shade(own, {0, -0.7, -0.7}, distance * 0.7),
                      {},
                      false,
                      1,
                      layer ? 0.2f : 0.05f,
                      static_cast<int>(random.below(512)),
                      3};
    const double tall = random.uniform(8, 20) / (layer + 1) + 3;
    const int phase = static_cast<int>(random.below(512));
    constexpr int steps = 40;
    for (int i = 0; i < steps; ++i) {
      const auto height = [&](int k) {
        return tall * (1 + 0.45 * texture(phase + k * 5, layer * 97) + 0.25 * texture(phase + k * 41, 11 + layer));
      };
      const double u0 = static_cast<double>(i) * camera.width / steps - 1;
      const double u1 = static_cast<double>(i + 1) * camera.width / steps;
      const std::array<Vec2, 4> quad{Vec2{u0, camera.cy + 3}, Vec2{u0, camera.cy - height(i)},
                                     Vec2{u1, camera.cy - height(i + 1)}, Vec2{u1, camera.cy + 3}};
      canvas.polygon(std::span<const Vec2>(quad), paint);
    }
  }
}

void paint_ground(Canvas& canvas, const Road& road, const Light& light, Random& random) {
  const auto bands = cross_section(road, random);
  const auto markings = lane_markings(road, random);
  const double drive = road.lane * road.lanes, dash_start = random.uniform(0, 9);
  const bool zebra = road.crossing > 0 && random.chance(0.5);
  const Colour asphalt = [&] {
    for (const Band& band : bands)
      if (band.t == -drive) return band.colour;
    return bands.front().colour;
  }();
  const Vec3 up{0, -1, 0};
  auto& rgb = canvas.pixels();
  const Camera& camera = canvas.camera();

  for (int y = 0; y < rgb.rows; ++y) {
    const double v = (y + 0.5) / Canvas::scale - 0.5, below = v - camera.cy;
    if (below < 0.4) continue;
    const double s = camera.focal * camera.mount / below;
    const bool across = road.in_crossing(s);
    const double metres_per_column = s / camera.focal / Canvas::scale;
    const auto paint_span = [&](int begin, int end, const Colour& own, float grain) {
      // Texture cells of 3 cm, but never finer than the columns; a coarse one of half a metre over them.
      const double cell = std::max(0.03, metres_per_column);
      const auto fine = 0.4f + 0.6f * static_cast<float>(std::min(1.0, 25 / s));
      const Grained grained(light.shade(own, up, s), grain * fine);
      const std::int8_t *near_row = texture_row(static_cast<int>(s / cell)),
                        *far_row = texture_row(static_cast<int>(s * 2));
      // Places along the row in 1/65536 of a cell.
      const auto fixed_point = [&](double cells_per_metre) {
        const double start = ((begin - camera.cx * Canvas::scale) * metres_per_column + 600) * cells_per_metre;
        return std::pair(static_cast<std::int64_t>(start * 65536),
                         static_cast<std::int64_t>(metres_per_column * cells_per_metre * 65536));
      };
      auto [near_at, near_step] = fixed_point(1 / cell);
      auto [far_at, far_step] = fixed_point(2);
      cv::Vec3b* row = rgb[y];
      for (int x = begin; x < end; ++x, near_at += near_step, far_at += far_step)
        row[x] = grained.at(near_row[(near_at >> 16) & (texture_size - 1)] +
                            far_row[(far_at >> 16) & (texture_size - 1)] / 2);
    };
    if (across) {
      paint_span(0, rgb.cols, asphalt, 0.06f);
      continue;
    }
    for (std::size_t i = 0; i < bands.size(); ++i) {
      const int begin = i == 0 ? 0 : column_of(canvas, road, s, bands[i].t);
      const int end = i + 1 < bands.size() ? column_of(canvas, road, s, bands[i + 1].t) : rgb.cols;
      if (begin < end) paint_span(begin, end, bands[i].colour, bands[i].grain);
    }
    if (road.in_crossing(s, 1.2)) continue;
    const Colour white = Colour(222, 222, 216);
    if (zebra && road.in_crossing(s, 4.4)) {
      for (double t = -drive + 0.3; t < drive - 0.5; t += 1.0)
        paint_span(column_of(canvas, road, s, t), column_of(canvas, road, s, t + 0.5), white, 0.08f);
      continue;
    }
    for (const Marking& line : markings) {
      if (std::fmod(s + dash_start, line.period) >= line.dash) continue;
      paint_span(column_of(canvas, road, s, line.t - line.half_width),
                 column_of(canvas, road, s, line.t + line.half_width), white, 0.08f);
    }
  }
}

}  // namespace fastbox::synth
