#include "report/metrics_lines.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "made_run.hpp"

using namespace fastbox;
using namespace fastbox::report;
using test::evaluation_line;
using test::training_line;

TEST_CASE("lines become intervals with their own steps, images and seconds", "[metrics_lines]") {
  RunRecord record;
  read_metrics(training_line(10, 40, 8) + training_line(30, 120, 4) + evaluation_line(30, 120, 51.5), record);
  CHECK(record.problems.empty());
  REQUIRE(record.intervals.size() == 2);
  const Interval& second = record.intervals[1];
  CHECK(second.steps == 20);
  CHECK(second.images == 80);
  CHECK(second.seconds == Approx(10));  // at 8 images/s
  CHECK(second.loss == 4);
  CHECK(second.losses[1] == 2);
  CHECK(second.stages[3] == 0.05);
  CHECK(second.ranks == 2);
  REQUIRE(record.evaluations.size() == 1);
  CHECK(record.evaluations[0].figures[1].ap40 == 51.5);
  CHECK(record.evaluations[0].figures[2].ap11 == 29);
  CHECK(record.evaluations_untimed == 1);
  CHECK(std::isnan(record.told.evaluation));
}

TEST_CASE("wall times that lines tell are added up", "[metrics_lines]") {
  RunRecord record;
  read_metrics(training_line(1, 4, 8, R"(,"startup_seconds":2,"save_seconds":0.25)") +
                   training_line(2, 8, 8, R"(,"startup_seconds":3,"save_seconds":0.5)") +
                   evaluation_line(2, 8, 1, R"(,"evaluation_seconds":7)"),
               record);
  CHECK(record.told.startup == 5);
  CHECK(record.told.save == 0.75);
  CHECK(record.told.evaluation == 7);
  CHECK(std::isnan(record.told.cache));
  CHECK(record.evaluations_untimed == 0);
}

TEST_CASE("lines that cannot be read are counted and left out", "[metrics_lines]") {
  RunRecord record;
  read_metrics(training_line(1, 4, 8) + "{\"step\": 2,\n[]\n{\"samples\": 3}\nnull\n" + training_line(5, 20, 7),
               record);
  CHECK(record.intervals.size() == 2);
  REQUIRE(record.problems.size() == 1);
  CHECK(record.problems[0].find("4 of 6 lines") != std::string::npos);
  CHECK(record.problems[0].find("line 2") != std::string::npos);
}

TEST_CASE("a line that is still being written is no fault", "[metrics_lines]") {
  RunRecord record;
  read_metrics(training_line(1, 4, 8) + "{\"step\": 2, \"sam", record);
  CHECK(record.intervals.size() == 1);
  CHECK(record.problems.empty());
}

TEST_CASE("values of another kind are not known, and harm nothing", "[metrics_lines]") {
  RunRecord record;
  read_metrics(
      "{\"step\":1,\"samples\":4,\"loss\":null,\"losses\":[],\"time\":\"x\",\"rank_times\":[1,{\"data\":\"y\"}],"
      "\"straggler\":{\"rank\":1.5},\"ranks\":1e300}\n"
      "{\"step\":2,\"samples\":8,\"ap\":[]}\n{\"step\":3,\"samples\":8,\"ap\":{\"car\":7}}\n",
      record);
  CHECK(record.problems.empty());
  REQUIRE(record.intervals.size() == 1);
  CHECK(std::isnan(record.intervals[0].loss));
  CHECK(std::isnan(record.intervals[0].stages[0]));
  CHECK(std::isnan(record.intervals[0].seconds));
  CHECK(record.intervals[0].ranks == 0);
  CHECK_FALSE(record.intervals[0].straggler);
  CHECK(record.evaluations.size() == 2);
  CHECK(std::isnan(record.evaluations[0].figures[0].ap40));
}

TEST_CASE("joined intervals have the means of their steps", "[metrics_lines]") {
  RunRecord record;
  read_metrics(training_line(10, 40, 8) + training_line(40, 160, 4) + training_line(50, 200, 3), record);
  CHECK(joined(record.intervals, 3).size() == 3);
  const auto two = joined(record.intervals, 2);
  REQUIRE(two.size() == 2);
  CHECK(two[0].loss == Approx((10 * 8 + 30 * 4) / 40.0));
  CHECK(two[0].steps == 40);
  CHECK(two[0].samples == 160);
  CHECK(two[0].images_per_second == Approx(8));
  CHECK(two[1].loss == 3);
  CHECK(joined({}, 5).empty());
}
