// Batches of random rectangles and the targets that lib/data makes of them, as tensors, for the operators' tests.
//
// Test processes only; one thread.
#pragma once

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include <string>
#include <utility>
#include <vector>

#include "data/cell_targets.hpp"
#include "models/network.hpp"
#include "unit/data/made_rectangles.hpp"

namespace fastbox::test {

inline constexpr data::Grid cell_grid{39, 12, 32, 3}, center_grid{156, 48, 8, 2};

inline const std::vector<std::pair<std::string, std::string>> assignments = {
    {"first", "background"}, {"first", "ignore"}, {"nearest", "background"}, {"nearest", "ignore"}};

inline config::TargetSettings target_settings(const std::string& assignment, const std::string& border) {
  config::TargetSettings settings;
  settings.assignment = assignment, settings.border = border;
  return settings;
}

inline std::vector<std::vector<data::Rectangle>> made_images(const data::Grid& grid, int count) {
  std::vector<std::vector<data::Rectangle>> images;
  for (int i = 0; i < count; ++i) images.push_back(made_rectangles(grid, 40, static_cast<std::uint64_t>(100 + i)));
  return images;
}

inline models::Targets made_by(const data::TargetMaker& maker,
                               const std::vector<std::vector<data::Rectangle>>& images) {
  const data::Grid& grid = maker.grid();
  const auto count = static_cast<std::int64_t>(images.size());
  const auto make = [&](std::int64_t numbers) { return at::zeros({count, grid.rows, grid.columns, numbers}); };
  models::Targets targets{make(grid.classes), make(4), make(grid.classes), at::zeros({count, grid.rows, grid.columns})};
  for (std::int64_t i = 0; i < count; ++i) {
    const auto span = [&](const at::Tensor& map) {
      const at::Tensor of_image = map[i];
      return std::span<float>(of_image.mutable_data_ptr<float>(), static_cast<std::size_t>(of_image.numel()));
    };
    maker.write(images[static_cast<std::size_t>(i)],
                {span(targets.confidence), span(targets.box), span(targets.weight), span(targets.mask)});
  }
  return targets;
}

/// To the bit; with `tolerance`, that share of a number's value.
inline void check_equal(const models::Targets& ours, const models::Targets& expected, double tolerance = 0) {
  const auto check = [&](const char* name, const at::Tensor& a, const at::Tensor& b) {
    INFO(name);
    REQUIRE(a.sizes() == b.sizes());
    CHECK(at::allclose(a.cpu(), b, tolerance, 0));
  };
  check("confidence", ours.confidence, expected.confidence);
  check("box", ours.box, expected.box);
  check("mask", ours.mask, expected.mask);
  check("weight", ours.weight, expected.weight);
}

}  // namespace fastbox::test
