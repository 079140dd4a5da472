// Our training step on an oracle's batch, for as many steps as its file holds.
#pragma once

#include <catch2/catch.hpp>

#include "oracle/oracle.hpp"
#include "support/world.hpp"
#include "train/train_step.hpp"

namespace fastbox::test {

/// Three steps on the same batch with KittiBox's constants, which are the defaults.
inline void train_like_oracle(const Oracle& oracle) {
  REQUIRE(oracle.has_trained());
  REQUIRE(oracle.is_double());
  auto model = oracle.model();
  const config::Settings settings;
  train::TrainStep step(*model, world(), settings);
  const int images = static_cast<int>(oracle.images());
  for (int i = 0; i < 3; ++i)
    step.run(train::BatchTensors{oracle.image(), oracle.targets()}, {}, images, settings.optimizer.learning_rate);
  for (const auto& [name, parameter] : step.evaluated_parameters()) {
    INFO(name);
    CHECK(relative_difference(parameter, oracle["trained/" + name]) < 1e-9);
    // Three steps move a parameter by 3e-5 at most: the changes are compared too, as closely as float64 subtracts them.
    const at::Tensor change = oracle["trained/" + name] - oracle["weight/" + name];
    CHECK(relative_difference(parameter - oracle["weight/" + name], change) < 1e-6);
  }
}

}  // namespace fastbox::test
