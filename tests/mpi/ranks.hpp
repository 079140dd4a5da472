// The World of a test process under mpiexec.
#pragma once

#include "comm/world.hpp"

namespace fastbox::test {

comm::World& world();

}  // namespace fastbox::test
