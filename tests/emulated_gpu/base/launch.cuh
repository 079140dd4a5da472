// lib/base/launch.cuh's twin for kernels that run on a CPU: found before it by the emulated kernels' include path.
#pragma once

#include <cstddef>
#include <functional>
#include <utility>

#include "emulated_gpu/grid.hpp"

namespace fastbox {

struct LaunchShape {
  dim3 grid, block;
  std::size_t shared_bytes = 0;
};

/// Returns when all blocks have ended.
template <typename... Parameters, typename... Arguments>
void launch(void (*kernel)(Parameters...), const LaunchShape& shape, Arguments&&... arguments) {
  test::run_grid(shape.grid, shape.block, shape.shared_bytes, [&] { kernel(static_cast<Parameters>(arguments)...); });
}

template <typename Element>
Element* dynamic_shared() {
  return static_cast<Element*>(test::shared_memory());
}

}  // namespace fastbox
