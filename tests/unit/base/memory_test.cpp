#include <unistd.h>

#include <catch2/catch.hpp>

#include <vector>

#include "base/memory.hpp"
#include "base/random.hpp"

using namespace fastbox;

TEST_CASE("a copy past the cache is a copy, at any size and place, and writes nothing beside it", "[memory]") {
  constexpr std::size_t most = 1000;
  std::vector<unsigned char> from(most + 200);
  Random random(1, Purpose::scene);
  for (auto& byte : from) byte = static_cast<unsigned char>(random.below(256));
  for (std::size_t size = 0; size < most; size += size < 300 ? 1 : 37) {
    for (const std::size_t source : {std::size_t{0}, std::size_t{3}, std::size_t{64}}) {
      for (const std::size_t target : {std::size_t{0}, std::size_t{1}, std::size_t{63}}) {
        std::vector<unsigned char> to(most + 200, 0xa5), expected = to;
        copy_past_cache(to.data() + target, from.data() + source, size);
        std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(source), size,
                    expected.begin() + static_cast<std::ptrdiff_t>(target));
        REQUIRE(to == expected);
      }
    }
  }
}

TEST_CASE("the memory that is left is some, and less than the machine has", "[memory]") {
  const auto machine =
      static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  CHECK(available_memory() > 1 << 20);
  CHECK(available_memory() < machine);
}
