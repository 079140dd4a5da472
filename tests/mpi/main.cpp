// Every rank runs the same test cases in the same order; a failure of any rank fails them all.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include "mpi/ranks.hpp"

namespace fastbox::test {

comm::World& world() {
  static comm::World instance;
  return instance;
}

}  // namespace fastbox::test

int main(int argc, char** argv) {
  auto& world = fastbox::test::world();
  const int failures = Catch::Session().run(argc, argv);
  return static_cast<int>(world.max({failures == 0 ? 0 : 1})[0]);
}
