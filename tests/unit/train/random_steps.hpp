// Training steps of random images, for tests that take the same ones in two ways.
//
// Test processes only; one thread.
#pragma once

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <string>
#include <vector>

#include "base/random.hpp"
#include "config/settings.hpp"
#include "train/batch_tensors.hpp"

namespace fastbox::test {

/// A small network, and momentum SGD, whose parameters move as smoothly as its gradients.
inline config::Settings settings_of_step(const std::string& graph, const std::string& encoder,
                                         const std::string& decoder, const std::string& precision) {
  config::Settings settings;
  settings.model.encoder = encoder;
  settings.model.decoder = decoder;
  settings.model.width_multiple = 0.25;
  settings.model.hidden = 32;
  settings.model.gains = "balanced";
  settings.train.batch = 4;
  settings.optimizer.name = "sgd";
  settings.optimizer.average = 0.9;
  settings.run.precision = precision;
  settings.run.cuda_graph = graph;
  return settings;
}

/// Noise, and targets of noise.
inline train::BatchTensors images_of_step(int step, std::int64_t count, std::int64_t stride, c10::Device device,
                                          std::int64_t width = 160, std::int64_t height = 96) {
  auto generator = at::detail::createCPUGenerator(static_cast<std::uint64_t>(step));
  const std::int64_t rows = height / stride, columns = width / stride;
  const at::Tensor image = at::rand({count, height, width, 3}, generator, at::kFloat) * 255;
  const at::Tensor some = (at::rand({count, rows, columns}, generator, at::kFloat) < 0.4).to(at::kFloat);
  return {image.to(device).permute({0, 3, 1, 2}),
          {some.unsqueeze(-1).to(device), (some.unsqueeze(-1).expand({count, rows, columns, 4}) * 20).to(device),
           at::ones({count, rows, columns, 1}).to(device), some.to(device)}};
}

inline std::vector<std::uint64_t> dropout_seeds_of_step(int step, int images) {
  std::vector<std::uint64_t> seeds;
  for (int image = 0; image < images; ++image)
    seeds.push_back(Random(1, Purpose::dropout, static_cast<std::uint64_t>(4 * step + image)).bits());
  return seeds;
}

}  // namespace fastbox::test
