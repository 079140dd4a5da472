// Every call of a run that changes a file or folder, in turn the last one that the process makes, or one that fails.

#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <iostream>
#include <memory>
#include <vector>

#include "base/text.hpp"
#include "faults/preloads.hpp"
#include "faults/tiny_run.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

constexpr int steps = 4;

/// Saves after two steps and at the end, and removes what it saved first; evaluates at the same moments.
Words training(const fs::path& folder) {
  return tiny_training(folder, steps,
                       {"checkpoint.every=2", "evaluation.every=2", "checkpoint.keep=1", "data.cache=off",
                        "data.val=" + (tiny_data() / "splits" / "one.txt").string()});
}

/// What the run leaves, and the calls that it makes.
struct Whole {
  Trace trace;
  Words calls;
};

const Whole& whole_run() {
  static const Whole whole = [] {
    DataCopy::replace(tiny_data() / "splits" / "one.txt", "000013\n");
    const fs::path folder = new_path("whole"), calls = new_path("calls.txt");
    REQUIRE_THAT(run(training(folder), faulty_call(folder, "none", "kill", calls)), Exits(0));
    Whole result{trace_of(folder), {}};
    const std::string text = text_of(calls);
    for (const auto line : split(text, '\n'))
      if (!line.empty()) result.calls.emplace_back(line);
    return result;
  }();
  return whole;
}

/// A run of which one call is disturbed.
struct Trial {
  std::string call;
  fs::path folder, calls;
  std::unique_ptr<Process> process;
  Outcome outcome;

  Trial(const std::string& which, const std::string& action)
      : call(which), folder(new_path("disturbed")), calls(new_path("calls.txt")) {
    process = std::make_unique<Process>(training(folder), faulty_call(folder, call, action, calls));
  }
  void resume() { process = std::make_unique<Process>(training(folder) + Words{"--resume"}); }
  void wait() { outcome = process->wait(std::chrono::seconds(60)); }
};

bool any_incomplete(const fs::path& folder) {
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.path().filename().string().find(".incomplete-") != std::string::npos) return true;
  return false;
}

void check_resumed(const Trial& trial) {
  INFO(trial.call << ", resumed: " << trial.outcome);
  CHECK_THAT(trial.outcome, Exits(0));
  CHECK(trial.outcome.err.find("unusable") == std::string::npos);
  const Trace &expected = whole_run().trace, trace = trace_of(trial.folder);
  if (trace.history.size() == expected.history.size()) check_same(trace, expected);
  CHECK(trace.model == expected.model);  // also where an evaluation could not be written
  CHECK(trace.optimizer == expected.optimizer);
  CHECK(trace.losses.size() == expected.losses.size());
  const fs::path checkpoints = trial.folder / "checkpoints";
  CHECK(fs::read_symlink(checkpoints / "latest") == concat("step-0000000", steps));
  CHECK(names_in(checkpoints / "best").size() == 5);  // not left pointing at what is gone
  CHECK_FALSE(any_incomplete(trial.folder));
}

/// Every call in turn, two runs at a time; `check` sees the disturbed run, then it is resumed.
void for_every_call(const std::function<std::string(std::size_t)>& action,
                    const std::function<void(const Trial&)>& check) {
  const Words& calls = whole_run().calls;
  REQUIRE(calls.size() > 80);
  REQUIRE(calls.size() < 200);
  for (std::size_t first = 0; first < calls.size(); first += 2) {
    std::vector<Trial> trials;
    for (std::size_t i = first; i < std::min(first + 2, calls.size()); ++i) trials.emplace_back(calls[i], action(i));
    for (auto& trial : trials) trial.wait();
    for (auto& trial : trials) {
      INFO(trial.call << ": " << trial.outcome);
      REQUIRE(text_of(trial.calls).find(trial.call + "\n") != std::string::npos);
      check(trial);
      trial.resume();
    }
    for (auto& trial : trials) {
      trial.wait();
      check_resumed(trial);
      fs::remove_all(trial.folder);
    }
  }
}

TEST_CASE("killed at every call that changes a file, and resumed: the same bits", "[killed_writes]") {
  for_every_call([](std::size_t) { return "kill"; },
                 [](const Trial& trial) { CHECK_THAT(trial.outcome, Exits(128 + SIGKILL)); });
  std::cout << whole_run().calls.size() << " calls" << std::endl;
}

/// What the run may do about a call that fails: nothing to speak of, go on without, or give up with the disk's name.
void check_failed(const Trial& trial, std::map<int, int>& codes) {
  ++codes[trial.outcome.exit_code];
  CHECK_THAT(trial.outcome, Exits(0) || Exits(4));
  if (trial.outcome.exit_code == 4) CHECK_THAT(trial.outcome, Tells(trial.folder.string()));
  CHECK(trial.outcome.err.find("a defect") == std::string::npos);
}

TEST_CASE("every call that changes a file fails in turn: the run goes on or ends with 4, nothing else is harmed",
          "[failed_writes]") {
  std::map<int, int> codes;
  for_every_call([](std::size_t i) { return std::to_string(i % 4 < 2 ? ENOSPC : EIO); },
                 [&](const Trial& trial) { check_failed(trial, codes); });
  std::cout << whole_run().calls.size() << " calls; exit code 0: " << codes[0] << ", 4: " << codes[4] << std::endl;
  CHECK(codes[0] > 10);
  CHECK(codes[4] > 10);
}

}  // namespace
}  // namespace fastbox::test
