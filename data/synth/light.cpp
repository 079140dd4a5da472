#include "synth/light.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace fastbox::synth {

Colour Light::through_air(const Colour& own, double distance) const {
  const auto clear = static_cast<float>(std::exp(-haze * distance));
  return own * clear + horizon * (1.f - clear);
}

Colour Light::shade(const Colour& own, const Vec3& normal, double distance) const {
  const auto direct = static_cast<float>(std::max(0.0, normal.dot(to_sun)));
  // Light from the sky is stronger on what faces up (y points down).
  const auto open = static_cast<float>(0.85 - 0.15 * normal.y);
  return through_air(own.mul(ambient * open + sun * direct), distance);
}

Light pick_light(Random& random) {
  Light light;
  light.dusk = random.chance(0.22);
  const double azimuth = random.uniform(-3.14, 3.14);
  const double height = light.dusk ? random.uniform(0.12, 0.3) : random.uniform(0.5, 1.1);
  light.to_sun = {std::cos(height) * std::sin(azimuth), -std::sin(height), std::cos(height) * std::cos(azimuth)};
  if (light.dusk) {
    light.sunny = 0.2;
    const auto level = static_cast<float>(random.uniform(0.42, 0.58));
    light.ambient = Colour(0.95f, 0.93f, 1.08f) * level;
    light.sun = Colour(0.55f, 0.36f, 0.22f) * level;
    light.zenith = Colour(70, 84, 120) * (0.6f + level), light.horizon = Colour(226, 172, 138) * (0.45f + level);
    light.cloud = Colour(190, 150, 150) * (0.5f + level);
    light.haze = random.uniform(0.002, 0.005);
    return light;
  }
  light.sunny = random.chance(0.4) ? random.uniform(0, 0.25) : random.uniform(0.5, 1);
  const auto clear = static_cast<float>(light.sunny);
  const auto level = static_cast<float>(random.uniform(0.9, 1.1));
  light.ambient = Colour(0.86f - 0.30f * clear, 0.88f - 0.28f * clear, 0.90f - 0.24f * clear) * level;
  light.sun = Colour(0.20f + 0.50f * clear, 0.20f + 0.47f * clear, 0.18f + 0.40f * clear) * level;
  light.zenith = Colour(178, 186, 196) * (1 - clear) + Colour(96, 148, 214) * clear;
  light.horizon = Colour(216, 220, 224) * (1 - clear) + Colour(206, 222, 238) * clear;
  light.cloud = Colour(238, 240, 243);
  light.haze = random.uniform(0.0015, 0.0045);
  return light;
}

void expose(cv::Mat& frame, const Light& light, Random& random) {
  if (random.chance(0.6)) cv::GaussianBlur(frame, frame, {3, 3}, random.uniform(0.35, 0.6));
  constexpr int noise_size = 1 << 14;
  std::vector<float> noise(noise_size);
  const double sigma = light.dusk ? random.uniform(2, 4) : random.uniform(0.8, 2);
  for (float& value : noise) value = static_cast<float>(sigma * random.normal());
  const auto corner = static_cast<float>(random.uniform(0.08, 0.2)),
             gain = static_cast<float>(random.uniform(0.94, 1.06));
  const float half_w = static_cast<float>(frame.cols) / 2, half_h = static_cast<float>(frame.rows) / 2;
  for (int y = 0; y < frame.rows; ++y) {
    auto* row = frame.ptr<cv::Vec3b>(y);
    std::size_t at = random.below(noise_size);
    const float dy = (static_cast<float>(y) - half_h) / half_h;
    for (int x = 0; x < frame.cols; ++x) {
      const float dx = (static_cast<float>(x) - half_w) / half_w;
      const float factor = gain * (1 - corner * (dx * dx + 0.3f * dy * dy));
      const float grey = noise[at++ % noise_size];
      for (int c = 0; c < 3; ++c)
        row[x][c] = cv::saturate_cast<uchar>(factor * static_cast<float>(row[x][c]) + grey +
                                             0.4f * noise[(at + static_cast<std::size_t>(c) * 911) % noise_size]);
    }
  }
}

}  // namespace fastbox::synth
