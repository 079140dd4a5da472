// Two runs at once: in one folder, where only one may train, and in two, where neither may notice.

#include <signal.h>

#include "base/text.hpp"
#include "faults/tiny_run.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

constexpr int steps = 30, usage_error = 2, environment_error = 4, stopped = 75;

Words training(const fs::path& folder, const Words& more = {}) {
  return tiny_training(folder, steps, Words{"checkpoint.every=5", "evaluation.every=5"} + more);
}

const Trace& whole_run() {
  static const Trace trace = [] {
    const fs::path folder = new_path("whole");
    REQUIRE_THAT(run(training(folder)), Exits(0));
    return trace_of(folder);
  }();
  return trace;
}

TEST_CASE("a folder in use by another run: 4 within ten seconds or so, and the first is not harmed", "[folders]") {
  const fs::path folder = new_path("run"), whole = new_path("whole");
  // Long: stopped once the second has given up, then compared with a run that was alone for as long.
  const Words endless = {"train.samples=6000000", "run.log_every=10", "optimizer.schedule=constant"};
  Process first(on(2, training(folder, endless)));
  REQUIRE(wait_until([&] { return newest_saved_step(folder) >= 5 || !first.running(); }));
  Process anew(training(folder, endless)), resumed(on(2, training(folder, endless)) + Words{"--resume"});
  for (Process* second : {&anew, &resumed}) {
    const Outcome outcome = second->wait();
    CHECK_THAT(outcome,
               Exits(environment_error) && Tells(folder.string()) && Tells("another run is using this folder"));
    CHECK(outcome.seconds > 5);  // it waits for ranks that outlive their mpiexec
    CHECK(outcome.seconds < 25);
  }
  first.send(SIGTERM);
  const Outcome outcome = first.wait();
  CHECK_THAT(outcome, Tells("stopped on request"));
  const std::int64_t done = newest_saved_step(folder);
  REQUIRE(done > 10);
  REQUIRE_THAT(run(tiny_training(
                   whole, static_cast<int>(done),
                   {"checkpoint.every=5", "evaluation.every=5", "run.log_every=10", "optimizer.schedule=constant"})),
               Exits(0));
  CHECK(trace_of(folder).model == trace_of(whole).model);
}

TEST_CASE("two runs started at once in one folder: one trains", "[folders]") {
  for (int round = 0; round < 5; ++round) {
    INFO("round " << round);
    const fs::path folder = new_path("run");
    Process one(on(1 + round % 2, training(folder))), two(training(folder));
    const Outcome outcomes[] = {one.wait(), two.wait()};
    INFO(outcomes[0] << "\n" << outcomes[1]);
    int trained = 0;
    for (const auto& outcome : outcomes) {
      if (outcome.exit_code == 0)
        ++trained;
      else
        CHECK_THAT(outcome, (Exits(usage_error) || Exits(environment_error)) && Tells(folder.string()));
    }
    CHECK(trained == 1);
    check_same(trace_of(folder), whole_run());
  }
}

TEST_CASE("two runs started at once in two folders", "[folders]") {
  for (int round = 0; round < 3; ++round) {
    INFO("round " << round);
    const fs::path folders[] = {new_path("run"), new_path("run")};
    Process one(on(2, training(folders[0]))), two(on(1 + round, training(folders[1])));
    CHECK_THAT(one.wait(), Exits(0));
    CHECK_THAT(two.wait(), Exits(0));
    for (const auto& folder : folders) check_same(trace_of(folder), whole_run());
  }
}

TEST_CASE("two runs resume at once in one folder: one goes on, the other finds it finished", "[folders]") {
  const fs::path folder = new_path("run");
  Process started(training(folder));
  REQUIRE(wait_until([&] { return last_logged_step(folder) >= 7 || !started.running(); }));
  started.send(SIGTERM);
  REQUIRE_THAT(started.wait(), Exits(stopped));
  Process one(training(folder) + Words{"--resume"}), two(on(2, training(folder)) + Words{"--resume"});
  const Outcome outcomes[] = {one.wait(), two.wait()};
  int finished = 0;
  for (const auto& outcome : outcomes) {
    CHECK_THAT(outcome, Exits(0) || (Exits(environment_error) && Tells("another run is using this folder")));
    finished += count_of(outcome.err, "the run is finished");
  }
  CHECK(finished <= 1);
  check_same(trace_of(folder), whole_run());
}

}  // namespace
}  // namespace fastbox::test
