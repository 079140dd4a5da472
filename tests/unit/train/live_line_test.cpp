#include "train/live_line.hpp"

#include <catch2/catch.hpp>
#include <limits>

using namespace fastbox;
using namespace fastbox::train;

TEST_CASE("the time that is left, in two units at most", "[live_line]") {
  CHECK(time_left(0.4) == "0 s");
  CHECK(time_left(59.4) == "59 s");
  CHECK(time_left(192) == "3 min 12 s");
  CHECK(time_left(3 * 3600 + 12 * 60 + 5) == "3 h 12 min");
  CHECK(time_left(26 * 3600) == "26 h 0 min");
  CHECK(time_left(53 * 3600) == "2 d 5 h");
  CHECK(time_left(std::numeric_limits<double>::infinity()) == "?");
  CHECK(time_left(std::numeric_limits<double>::quiet_NaN()) == "?");
}

TEST_CASE("before the first progress line: what a step alone tells", "[live_line]") {
  const RunPosition position{1, 120, 12, 1440, 0.002, 4.25};
  CHECK(live_parts(position, nullptr, 0, 512 * 1024 * 1024) ==
        std::vector<std::string>{"step 1/120", "samples 12/1440", "loss 4.2500", "rate 0.002", "memory 512 MiB"});
}

TEST_CASE("after it: shares of the time, and the rank that is waited for", "[live_line]") {
  Progress::Summary summary;
  summary.loss = 3;
  summary.step_seconds = 0.5;
  summary.data = 0.05;
  summary.exposed_communication = 0.01;
  summary.straggler = comm::Straggler{};
  summary.straggler->rank = 3;
  RunPosition position{60, 120, 720, 1440, 0.002, {}};
  CHECK(live_parts(position, &summary, 24, 3.5 * 1024 * 1024 * 1024) ==
        std::vector<std::string>{"step 60/120", "samples 720/1440", "loss 3.0000", "rate 0.002", "24 images/s",
                                 "left 30 s", "data 10.0 %", "exchange 2.0 %", "memory 3.5 GiB", "slowest rank 3"});
  position.loss = 2.5;  // the step's own is newer than the line's mean
  CHECK(live_parts(position, &summary, 24, 0)[2] == "loss 2.5000");
}
