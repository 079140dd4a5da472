#include "report/run_totals.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "made_run.hpp"
#include "report/metrics_lines.hpp"

using namespace fastbox;
using namespace fastbox::report;
using test::training_line;

namespace {

std::vector<Interval> intervals_of(const std::string& text) {
  RunRecord record;
  read_metrics(text, record);
  return record.intervals;
}

std::string late(int rank, const std::string& cause, double seconds) {
  return concat(R"(,"straggler":{"rank":)", rank, R"(,"cause":")", cause, R"(","late_seconds":)", seconds, "}");
}

}  // namespace

TEST_CASE("stages add up to the steps' time, and the rest is other", "[run_totals]") {
  const auto all = stage_seconds(intervals_of(training_line(10, 40, 8) + training_line(30, 120, 4)));
  // 30 steps of 4 images at 8 images/s are 15 s; the stages take .48 s a step.
  CHECK(all.whole == Approx(15));
  CHECK(all.steps == 30);
  CHECK(all.stages[0] == Approx(0.3));
  CHECK(all.stages[2] == Approx(9));
  CHECK(all.other == Approx(15 - 30 * 0.48));
  CHECK(all.parts().size() == 6);
  CHECK(std::isnan(stage_seconds({}).whole));
}

TEST_CASE("the speed of a run leaves its first tenth out", "[run_totals]") {
  std::vector<Interval> intervals(10);
  for (auto& interval : intervals) interval.images = 100, interval.seconds = 10;
  intervals[0].seconds = 1000;
  CHECK(steady_images_per_second(intervals) == Approx(10));
  CHECK(std::isnan(steady_images_per_second({})));
}

TEST_CASE("ranks' times are means over the steps of the latest number of ranks", "[run_totals]") {
  const auto ranks = mean_rank_times(intervals_of(
      training_line(1, 4, 1, R"(,"rank_times":[{"data":9,"compute":9,"exchange":9}])") +
      training_line(2, 8, 1,
                    R"(,"rank_times":[{"data":1,"compute":2,"exchange":3},{"data":4,"compute":5,"exchange":6}])") +
      training_line(5, 20, 1,
                    R"(,"rank_times":[{"data":5,"compute":2,"exchange":3},{"data":4,"compute":5,"exchange":6}])")));
  REQUIRE(ranks.size() == 2);
  CHECK(ranks[0][0] == Approx((1 + 3 * 5) / 4.0));
  CHECK(ranks[1][2] == Approx(6));
}

TEST_CASE("stragglers are told by rank and cause, the costliest first", "[run_totals]") {
  const auto found = late_ranks(
      intervals_of(training_line(1, 4, 1, late(0, "data", 0.5)) + training_line(11, 44, 1, late(1, "compute", 0.1)) +
                   training_line(21, 84, 1, late(1, "compute", 0.3)) + training_line(31, 124, 1)));
  REQUIRE(found.size() == 2);
  CHECK(found[0].rank == 1);
  CHECK(found[0].cause == "compute");
  CHECK(found[0].intervals == 2);
  CHECK(found[0].mean_late == Approx(0.2));
  CHECK(found[0].most_late == Approx(0.3));
  CHECK(found[0].late_in_all == Approx(10 * 0.1 + 10 * 0.3));
  CHECK(found[1].cause == "data");
  CHECK(found[1].late_in_all == Approx(0.5));
}
