// The one World of a test process: MPI cannot be started twice.
#pragma once

#include "comm/world.hpp"

namespace fastbox::test {

inline comm::World& world() {
  static comm::World instance;
  return instance;
}

}  // namespace fastbox::test
