#include "base/progress_bar.hpp"

#include <catch2/catch.hpp>

using namespace fastbox;

TEST_CASE("the parts of a progress line", "[progress_bar]") {
  using Parts = std::vector<std::string>;
  CHECK(progress_parts("scenes", 150, 600, 10) ==
        Parts{"scenes 150/600", "[#####---------------]", "15/s", "left 30 s"});
  CHECK(progress_parts("frame cache", 3, 3, 1) ==
        Parts{"frame cache 3/3", "[####################]", "3/s", "left 0 s"});
  // Nothing is known of the speed yet.
  CHECK(progress_parts("scenes", 0, 600, 10) == Parts{"scenes 0/600", "[--------------------]"});
  CHECK(progress_parts("scenes", 1, 600, 0) == Parts{"scenes 1/600", "[--------------------]"});
  // More than all: a cache whose frames are counted by several processes.
  CHECK(progress_parts("x", 5, 4, 1)[1] == "[####################]");
}
