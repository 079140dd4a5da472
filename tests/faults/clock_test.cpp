// A wall clock that is set back an hour and forward a day while the run goes on.

#include <ctime>

#include "base/text.hpp"
#include "faults/preloads.hpp"
#include "faults/tiny_run.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

constexpr int steps = 100;

Words training(const fs::path& folder, const Words& more = {}) {
  return tiny_training(folder, steps, Words{"checkpoint.every=4", "evaluation.every=10"} + more);
}

/// Runs the command, whose clock goes back an hour after some steps and then on by a day.
Outcome run_with_jumps(const Words& command, const fs::path& folder) {
  const fs::path offset = new_path("offset");
  Process process(command, jumping_clock(offset));
  for (const auto& [step, seconds] : {std::pair{10, "-3600"}, std::pair{40, "86400"}}) {
    REQUIRE(wait_until([&, last = step] { return last_logged_step(folder) >= last || !process.running(); }));
    REQUIRE(process.running());
    DataCopy::replace(offset, seconds);
  }
  return process.wait();
}

/// The times of log.txt's lines, in seconds.
std::vector<double> times_of(const fs::path& folder) {
  std::vector<double> times;
  const std::string text = text_of(folder / "log.txt");
  for (const auto line : split(text, '\n')) {
    std::tm time{};
    const char* rest = ::strptime(std::string(line).c_str(), "%Y-%m-%d %H:%M:%S", &time);
    if (rest != nullptr) times.push_back(static_cast<double>(::timegm(&time)));
  }
  return times;
}

/// The smallest and the largest step from one line of the log to the next.
std::pair<double, double> jumps_of(const fs::path& folder) {
  const auto times = times_of(folder);
  REQUIRE(times.size() > 10);
  double least = 0, most = 0;
  for (std::size_t i = 1; i < times.size(); ++i) {
    least = std::min(least, times[i] - times[i - 1]);
    most = std::max(most, times[i] - times[i - 1]);
  }
  return {least, most};
}

TEST_CASE("the wall clock jumps: the same bits, and times that make sense", "[clock]") {
  const fs::path whole = new_path("whole"), folder = new_path("jumping");
  REQUIRE_THAT(run(training(whole)), Exits(0));
  const Words limited = {"run.time_limit=3000", "run.stop_margin=1"};  // less than either jump
  const Outcome outcome = run_with_jumps(training(folder, limited), folder);
  REQUIRE_THAT(outcome, Exits(0));
  const auto [back, on] = jumps_of(folder);
  CHECK(back < -3500);
  CHECK(on > 86000);
  check_same(trace_of(folder), trace_of(whole));
  for (const auto& line : json_lines_of(folder / "metrics.jsonl")) {
    INFO(line);
    if (line.contains("ap")) {
      CHECK(line.at("milliseconds_per_image") > 0);
      CHECK(line.at("milliseconds_per_image") < 1e3 * outcome.seconds);
      continue;
    }
    CHECK(line.at("images_per_second") > 6 / outcome.seconds);  // each step took less than the run
    CHECK(line.at("images_per_second") < 1e5);
    for (const auto& time : line.at("time")) CHECK((time >= 0 && time < outcome.seconds));
  }
}

TEST_CASE("a clock that is set back does not lengthen a limit", "[clock]") {
  const fs::path folder = new_path("limited"), offset = new_path("offset");
  const Words endless = {"train.samples=6000000", "run.time_limit=4", "run.stop_margin=1", "run.log_every=5"};
  Process process(training(folder, endless), jumping_clock(offset));
  REQUIRE(wait_until([&] { return last_logged_step(folder) >= 5 || !process.running(); }));
  DataCopy::replace(offset, "-3600");
  const Outcome outcome = process.wait(std::chrono::seconds(60));
  CHECK_THAT(outcome, Exits(75) && Tells("time is nearly over"));
  CHECK(jumps_of(folder).first < -3500);
}

TEST_CASE("two ranks whose clock jumps", "[clock]") {
  const fs::path whole = new_path("whole"), folder = new_path("jumping");
  REQUIRE_THAT(run(training(whole)), Exits(0));
  const Words watched = {"parallel.warn_seconds=20", "parallel.timeout_seconds=60"};  // less than the jumps
  const Outcome outcome = run_with_jumps(on(2, training(folder, watched)), folder);
  REQUIRE_THAT(outcome, Exits(0));
  CHECK(outcome.err.find("Missing") == std::string::npos);
  check_same(trace_of(folder), trace_of(whole));
}

}  // namespace
}  // namespace fastbox::test
