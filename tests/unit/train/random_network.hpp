// A network that nobody has trained, whose output is not the same everywhere.
#pragma once

#include <memory>

#include "train/detector.hpp"

namespace fastbox::test {

/// Random weights whose outputs differ from cell to cell, as learned ones do.
inline std::unique_ptr<models::Network> random_network(const config::Settings& settings) {
  auto network = train::make_model(settings, at::kCPU);
  const at::NoGradGuard no_gradients;
  for (const auto& [name, tensor] : network->tensors())
    if (!name.starts_with("encoder.") && tensor.dim() > 1) tensor.mul_(settings.model.decoder == "center" ? 12 : 1.5);
  network->eval();
  return network;
}

}  // namespace fastbox::test
