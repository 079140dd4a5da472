#include <catch2/catch.hpp>

#include "mpi/ranks.hpp"

using namespace fastbox;

TEST_CASE("sums, maxima and texts travel", "[world]") {
  auto& world = test::world();
  const int n = world.size(), r = world.rank();
  CHECK(world.sum({1.0, double(r)}) == std::vector<double>{double(n), n * (n - 1) / 2.0});
  CHECK(world.max({r, -r}) == std::vector<long long>{n - 1, 0});
  CHECK(world.broadcast(r == 0 ? "from the first" : "") == "from the first");
  CHECK(world.broadcast(std::string(r == 0 ? 100'000 : 3, 'x')).size() == 100'000);
  const auto texts = world.gather(std::string(static_cast<std::size_t>(r), 'a' + static_cast<char>(r)));
  if (r == 0) {
    REQUIRE(texts.size() == static_cast<std::size_t>(n));
    for (int i = 0; i < n; ++i) CHECK(texts[i] == std::string(static_cast<std::size_t>(i), 'a' + static_cast<char>(i)));
  } else {
    CHECK(texts.empty());
  }
}

TEST_CASE("ranks agree on the worst exit code", "[world]") {
  auto& world = test::world();
  const bool last = world.rank() == world.size() - 1;
  CHECK(world.agree(last ? ExitCode::data : ExitCode::done) == ExitCode::data);
  CHECK(world.agree(ExitCode::done) == ExitCode::done);
}

TEST_CASE("ranks that see different run files all say which", "[world]") {
  auto& world = test::world();
  world.require_equal("same", "run file");
  if (world.size() == 1) return;
  try {
    world.require_equal(world.rank() == 1 ? "other" : "same", "run file");
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::usage);
    CHECK(std::string(error.what()).find("rank 1 has another run file") != std::string::npos);
  }
}

TEST_CASE("a task's exception reaches the caller, and the thread lives on", "[world]") {
  auto& world = test::world();
  CHECK_THROWS_AS(world.mpi().run([]() -> int { throw Error(ExitCode::data, "x"); }), Error);
  CHECK(world.mpi().run([] { return 7; }) == 7);
}
