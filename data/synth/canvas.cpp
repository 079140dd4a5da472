#include "synth/canvas.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

namespace fastbox::synth {
namespace {

constexpr double near_plane = 0.4;  // metres

/// Octaves of smoothed white noise. Its own fixed stream: the table is part of the generator, not of a scene.
std::vector<std::int8_t> make_texture() {
  std::vector<float> sum(texture_size * texture_size, 0.f);
  float total = 0;
  for (int cell = 1; cell <= 32; cell *= 2) {
    Random random(0, Purpose::scene, 0, static_cast<std::uint64_t>(cell));
    const int n = texture_size / cell;
    std::vector<float> grid(static_cast<std::size_t>(n * n));
    for (float& value : grid) value = static_cast<float>(random.uniform(-1, 1));
    const float weight = cell == 1 ? 1.f : 0.8f;
    total += weight * weight;
    for (int y = 0; y < texture_size; ++y)
      for (int x = 0; x < texture_size; ++x) {
        const int gx = x / cell, gy = y / cell, gx1 = (gx + 1) % n, gy1 = (gy + 1) % n;
        const float fx = static_cast<float>(x % cell) / static_cast<float>(cell);
        const float fy = static_cast<float>(y % cell) / static_cast<float>(cell);
        const auto at = [&](int i, int j) { return grid[static_cast<std::size_t>(j * n + i)]; };
        const float upper = at(gx, gy) * (1 - fx) + at(gx1, gy) * fx;
        const float lower = at(gx, gy1) * (1 - fx) + at(gx1, gy1) * fx;
        sum[static_cast<std::size_t>(y * texture_size + x)] += weight * (upper * (1 - fy) + lower * fy);
      }
  }
  std::vector<std::int8_t> table;
  for (const float value : sum) {
    const double fixed_point =
        std::round(static_cast<double>(value) / std::sqrt(static_cast<double>(total)) * texture_one);
    table.push_back(static_cast<std::int8_t>(std::clamp(fixed_point, -127.0, 127.0)));
  }
  return table;
}

/// Where in a table of shades the texture's value stands.
constexpr int shade_step = 4;
std::size_t shade_of(int value) {
  return static_cast<std::size_t>((value + 128) / shade_step);
}

cv::Vec3b rounded(const Colour& c) {
  return {cv::saturate_cast<uchar>(c[0]), cv::saturate_cast<uchar>(c[1]), cv::saturate_cast<uchar>(c[2])};
}

/// Frame coordinates to those of the painted grid.
double painted(double value) {
  return (value + 0.5) * Canvas::scale - 0.5;
}

}  // namespace

const std::int8_t* texture_row(int y) {
  static const std::vector<std::int8_t> table = make_texture();
  return &table[static_cast<std::size_t>((y & (texture_size - 1)) * texture_size)];
}

float texture(int x, int y) {
  return static_cast<float>(texture_row(y)[x & (texture_size - 1)]) / static_cast<float>(texture_one);
}

Grained::Grained(const Colour& colour, float grain) {
  for (int c = 0; c < 3; ++c) {
    base_[c] = static_cast<int>(std::clamp(colour[c], 0.f, 500.f) * 65536.f) + 32768;
    step_[c] = static_cast<int>(std::clamp(colour[c], 0.f, 500.f) * grain * (65536.f / texture_one));
  }
}

Canvas::Canvas(const Camera& camera)
    : camera_(camera),
      rgb_(camera.height * scale, camera.width * scale, cv::Vec3b(0, 0, 0)),
      owners_(camera.height * scale, camera.width * scale, nobody) {
  set_owner(nobody);
}

void Canvas::set_owner(std::uint8_t owner) {
  owner_ = owner;
  constexpr double far = std::numeric_limits<double>::infinity();
  extent_ = {far, far, -far, -far};
}

void Canvas::fill_row(int y, int begin, int end, const Colour& colour, const Paint& paint, const Shades& shades) {
  cv::Vec3b* row = rgb_[y];
  if (paint.alpha < 1) {
    const int kept = static_cast<int>((1.f - paint.alpha) * 256.f);
    cv::Vec3i part;
    for (int c = 0; c < 3; ++c)
      part[c] = static_cast<int>(std::clamp(colour[c], 0.f, 255.f) * paint.alpha * 256.f) + 128;
    for (int x = begin; x < end; ++x)
      for (int c = 0; c < 3; ++c) row[x][c] = static_cast<uchar>(std::min((part[c] + row[x][c] * kept) >> 8, 255));
    return;
  }
  if (paint.grain > 0) {
    const std::int8_t* values = texture_row(y + paint.grain_y);
    for (int x = begin; x < end; ++x) row[x] = shades[shade_of(values[(x + paint.grain_x) & (texture_size - 1)])];
  } else {
    std::fill(row + begin, row + end, rounded(colour));
  }
  std::fill(owners_[y] + begin, owners_[y] + end, owner_);
}

void Canvas::polygon(std::span<const Vec2> corners, const Paint& paint) {
  if (corners.size() < 3) return;
  double top = corners[0].y, bottom = top, left = corners[0].x, right = left;
  for (const Vec2& p : corners) {
    top = std::min(top, p.y), bottom = std::max(bottom, p.y);
    left = std::min(left, p.x), right = std::max(right, p.x);
  }
  if (paint.alpha >= 1) {
    extent_ = {std::min(extent_.left, left), std::min(extent_.top, top), std::max(extent_.right, right),
               std::max(extent_.bottom, bottom)};
  }
  if (right < -1 || left > camera_.width) return;
  const int first = std::max(0, static_cast<int>(std::ceil(std::max(-2.0, painted(top)))));
  const int last =
      std::min(rgb_.rows - 1, static_cast<int>(std::floor(std::min<double>(rgb_.rows + 2, painted(bottom)))));
  Shades shades;
  if (paint.grain > 0) {
    const Grained grained(paint.colour, paint.grain);
    for (int value = -128; value < 128; value += shade_step)
      shades[shade_of(value)] = grained.at(value + shade_step / 2);
  }
  std::array<double, 64> crossings{};
  for (int y = first; y <= last; ++y) {
    std::size_t found = 0;
    const double level = (y + 0.5) / scale - 0.5;
    for (std::size_t i = 0; i < corners.size() && found < crossings.size(); ++i) {
      const Vec2 &a = corners[i], &b = corners[(i + 1) % corners.size()];
      if ((a.y <= level) == (b.y <= level)) continue;
      crossings[found++] = painted(a.x + (level - a.y) / (b.y - a.y) * (b.x - a.x));
    }
    std::sort(crossings.begin(), crossings.begin() + static_cast<std::ptrdiff_t>(found));
    Colour colour = paint.colour;
    if (paint.gradient && bottom > top) {
      const auto share = static_cast<float>((level - top) / (bottom - top));
      colour = paint.colour * (1.f - share) + paint.lower * share;
    }
    for (std::size_t i = 0; i + 1 < found; i += 2) {
      const double from = std::max(0.0, std::ceil(crossings[i])),
                   to = std::min<double>(rgb_.cols, std::ceil(crossings[i + 1]));
      if (from < to) fill_row(y, static_cast<int>(from), static_cast<int>(to), colour, paint, shades);
    }
  }
}

void Canvas::polygon(std::span<const Vec3> corners, const Paint& paint) {
  // Sutherland and Hodgman (1974) with the one plane z = near.
  std::array<Vec2, 64> flat;
  std::size_t used = 0;
  for (std::size_t i = 0; i < corners.size() && used + 2 < flat.size(); ++i) {
    const Vec3 &a = corners[i], &b = corners[(i + 1) % corners.size()];
    if (a.z >= near_plane) flat[used++] = camera_.project(a);
    if ((a.z >= near_plane) != (b.z >= near_plane)) {
      Vec3 cut = a + (b - a) * ((near_plane - a.z) / (b.z - a.z));
      cut.z = near_plane;
      flat[used++] = camera_.project(cut);
    }
  }
  polygon(std::span<const Vec2>(flat.data(), used), paint);
}

void Canvas::capsule(const Vec3& a, const Vec3& b, double radius_a, double radius_b, const Paint& paint) {
  if (a.z < near_plane || b.z < near_plane) return;
  const Vec2 p = camera_.project(a), q = camera_.project(b);
  const double rp = std::max(0.3, camera_.focal * radius_a / a.z), rq = std::max(0.3, camera_.focal * radius_b / b.z);
  const double angle = std::atan2(q.y - p.y, q.x - p.x);
  constexpr int half = 7;
  std::array<Vec2, 2 * half> outline;
  for (int i = 0; i < half; ++i) {
    const double turn = angle + std::numbers::pi * (0.5 + static_cast<double>(i) / (half - 1));
    const auto k = static_cast<std::size_t>(i);
    outline[k] = p + Vec2(std::cos(turn), std::sin(turn)) * rp;
    outline[half + k] = q - Vec2(std::cos(turn), std::sin(turn)) * rq;
  }
  polygon(std::span<const Vec2>(outline), paint);
}

int Canvas::count(std::uint8_t owner, const io::Box& within, io::Box* hull) const {
  const auto bound = [](double value, int low, int high) {
    return static_cast<int>(std::clamp(value, static_cast<double>(low), static_cast<double>(high)));
  };
  const int x0 = bound(painted(within.left) - 2, 0, owners_.cols),
            x1 = bound(painted(within.right) + 3, 0, owners_.cols);
  const int y0 = bound(painted(within.top) - 2, 0, owners_.rows),
            y1 = bound(painted(within.bottom) + 3, 0, owners_.rows);
  int total = 0, left = x1, right = x0, top = y1, bottom = y0;
  for (int y = y0; y < y1; ++y)
    for (int x = x0; x < x1; ++x)
      if (owners_(y, x) == owner) {
        ++total;
        left = std::min(left, x), right = std::max(right, x);
        top = std::min(top, y), bottom = std::max(bottom, y);
      }
  // A painted pixel is half a frame pixel wide; its outer edges in frame coordinates.
  if (hull && total) *hull = {left / 2.0 - 0.5, top / 2.0 - 0.5, (right + 1) / 2.0 - 0.5, (bottom + 1) / 2.0 - 0.5};
  return total;
}

cv::Mat Canvas::reduced() const {
  cv::Mat frame;
  cv::resize(rgb_, frame, {camera_.width, camera_.height}, 0, 0, cv::INTER_AREA);
  return frame;
}

}  // namespace fastbox::synth
