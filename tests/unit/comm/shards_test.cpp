#include <catch2/catch.hpp>

#include "base/error.hpp"
#include "comm/shards.hpp"

using namespace fastbox;
using comm::choose_shards;

TEST_CASE("auto takes the batch's largest divisor up to 12, whatever the ranks", "[shards]") {
  CHECK(choose_shards("auto", 12, 1).shards == 12);
  CHECK(choose_shards("auto", 24, 4).shards == 12);
  CHECK(choose_shards("auto", 5, 1).shards == 5);
  CHECK(choose_shards("auto", 10, 2).shards == 10);
  CHECK(choose_shards("auto", 16, 4).shards == 8);
  CHECK(choose_shards("auto", 13, 1).shards == 1);
}

TEST_CASE("where the ranks do not divide it there is no fixed order, and a reason", "[shards]") {
  const auto choice = choose_shards("auto", 20, 4);
  CHECK(choice.shards == 0);
  CHECK(choice.reason.find("4 ranks do not divide") != std::string::npos);
  CHECK(choose_shards("off", 12, 3).shards == 0);
  CHECK(choose_shards("off", 12, 3).reason.empty());
}

TEST_CASE("an explicit number must be a multiple of the ranks; the nearest are named", "[shards]") {
  CHECK(choose_shards("12", 24, 6).shards == 12);
  CHECK(choose_shards("12", 7, 4).shards == 12);
  try {
    choose_shards("12", 24, 5);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::usage);
    const std::string text = error.what();
    CHECK(text.find("4 or 6 ranks") != std::string::npos);
    CHECK(text.find("10 or 15 shards") != std::string::npos);
  }
  CHECK_THROWS_WITH(choose_shards("2", 24, 5), Catch::Contains("nearest: 2 ranks, or 5 shards"));
}
