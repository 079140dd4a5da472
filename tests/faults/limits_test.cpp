// A run whose time is limited, by its run file or by its job, saves in time, ends with 75 and goes on to the same bits.

#include <chrono>

#include "base/text.hpp"
#include "faults/tiny_run.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

constexpr int steps = 500, stopped = 75, limit = 3, margin = 2;  // seconds
constexpr int most_parts = 60;

Words training(const fs::path& folder, const Words& more) {
  return tiny_training(folder, steps, Words{"evaluation.every=80"} + more);
}

const Trace& whole_run() {
  static const Trace trace = [] {
    const fs::path folder = new_path("whole");
    REQUIRE_THAT(run(training(folder, {})), Exits(0));
    return trace_of(folder);
  }();
  return trace;
}

/// Starts and resumes, 1, 2 and 3 ranks in turn, until the run is done. How many parts it came in.
int run_in_parts(const fs::path& folder, const Words& more, const std::function<Environment()>& environment) {
  for (int part = 1; part <= most_parts; ++part) {
    const Outcome outcome = run(on(1 + part % 3, training(folder, more) + Words{"--resume"}), environment());
    INFO(outcome);
    if (outcome.exit_code == 0) return part;
    REQUIRE_THAT(outcome, Tells("time is nearly over"));
    // hydra before 4.3 now and then forgets the ranks' codes (pmodels/mpich#7057), never makes up another.
    REQUIRE_THAT(outcome, Exits(stopped) || Exits(0));
    CHECK(newest_saved_step(folder) == last_logged_step(folder));
  }
  return most_parts + 1;
}

/// Rounded up: whole seconds, as Slurm gives them.
std::string seconds_from_now(int seconds) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(now).count() + seconds);
}

TEST_CASE("run.time_limit: saved and ended in time, and the same bits at last", "[limits]") {
  const fs::path folder = new_path("limited");
  const Words more = {concat("run.time_limit=", limit), concat("run.stop_margin=", margin)};
  const int parts = run_in_parts(folder, more, [] { return Environment{}; });
  CHECK(parts > 1);
  CHECK(parts <= most_parts);
  check_same(trace_of(folder), whole_run());
}

TEST_CASE("the job's end, told by its environment", "[limits]") {
  for (const std::string name : {"FASTBOX_END_TIME", "SLURM_JOB_END_TIME"}) {
    INFO(name);
    const fs::path folder = new_path("limited");
    const int parts = run_in_parts(folder, {concat("run.stop_margin=", margin)}, [&] {
      return Environment{{name, seconds_from_now(limit)}};
    });
    CHECK(parts > 1);
    CHECK(parts <= most_parts);
    check_same(trace_of(folder), whole_run());
  }
}

TEST_CASE("the limit is kept", "[limits]") {
  const fs::path folder = new_path("limited");
  const Words endless = {"train.samples=6000000", "run.time_limit=4", "run.stop_margin=2", "run.log_every=10"};
  const Outcome outcome = run(training(folder, endless));
  CHECK_THAT(outcome, Exits(stopped) && Tells("run.time_limit"));
  CHECK(outcome.seconds < 4 + 1);  // counted from when the process is there, and it must also end
}

TEST_CASE("a job's end that is no time is refused", "[limits]") {
  const fs::path folder = new_path("limited");
  CHECK_THAT(run(training(folder, {}), {{"FASTBOX_END_TIME", "soon"}}), Exits(4) && Tells("FASTBOX_END_TIME='soon'"));
  CHECK_FALSE(left_half_written(folder));
}

}  // namespace
}  // namespace fastbox::test
