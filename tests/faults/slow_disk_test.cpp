// A rank whose disk is slow holds up the others, and is named with that cause.

#include "faults/preloads.hpp"
#include "faults/tiny_run.hpp"

namespace fastbox::test {
namespace {

TEST_CASE("a rank that is 200 ms late with each step's frames is the slowest, for want of data", "[slow_disk]") {
  const std::filesystem::path folder = new_path("slow-disk");
  // Three images a rank and step.
  const Outcome outcome =
      run(on(2, tiny_training(folder, 12, {"data.cache=off", "run.log_every=4"})), slow_disk(1, 70));
  REQUIRE_THAT(outcome, Exits(0) && Tells("slowest rank 1 (+"));
  int named = 0;
  for (const auto& line : json_lines_of(folder / "metrics.jsonl")) {
    if (!line.contains("straggler")) continue;
    const auto& late = line.at("straggler");
    if (late.at("rank") != 1) continue;
    CHECK(late.at("cause") == "data");
    CHECK(late.at("late_seconds") > 0.1);
    ++named;
  }
  CHECK(named >= 2);
}

}  // namespace
}  // namespace fastbox::test
