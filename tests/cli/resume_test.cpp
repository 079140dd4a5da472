// A run that is stopped and goes on ends with the bytes of the run that was never stopped.

#include <signal.h>

#include <algorithm>
#include <thread>

#include "base/files.hpp"
#include "cli/workplace.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

constexpr int steps = 16;
constexpr int stopped = 75;

/// Progress at every step, so that the moment to stop is seen and every loss can be compared.
Words training(const fs::path& folder, const Words& more) {
  static const std::string one_frame = new_list({"000012"}).string();
  return small_training(folder, Words{"data.val=" + one_frame, "train.samples=" + std::to_string(12 * steps),
                                      "run.log_every=1", "checkpoint.every=1000"} +
                                    more);
}

std::size_t metrics_lines(const fs::path& folder) {
  if (!fs::exists(folder / "metrics.jsonl")) return 0;
  const std::string text = text_of(folder / "metrics.jsonl");
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

/// Starts the command, sends the signal to its first process once some more steps are done and, if `saved`, a checkpoint
/// is whole (a thread of its own writes it), and waits for the end.
Outcome stop_midway(const Words& command, const fs::path& folder, int signal, bool saved = false) {
  const std::size_t enough = metrics_lines(folder) + 4;
  const auto is_early = [&] {
    return metrics_lines(folder) < enough || (saved && !fs::exists(folder / "checkpoints" / "latest"));
  };
  Process process(command);
  while (is_early() && process.running()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  process.send(signal);
  return process.wait();
}

/// What a resumed run must share with the one never stopped: no time is in it.
struct Trace {
  std::string model, optimizer;
  nlohmann::json losses = nlohmann::json::array(), evaluations = nlohmann::json::array(), history = {};
};

Trace trace_of(const fs::path& folder) {
  const fs::path latest = folder / "checkpoints" / "latest";
  Trace trace{sha256_of_file(latest / "model.safetensors"), sha256_of_file(latest / "optimizer.safetensors")};
  for (const auto& line : json_lines_of(folder / "metrics.jsonl")) {
    if (line.contains("ap"))
      trace.evaluations.push_back({line.at("step"), line.at("samples"), line.at("ap")});
    else
      trace.losses.push_back({line.at("step"), line.at("samples"), line.at("loss"), line.at("learning_rate")});
  }
  trace.history = json_of(latest / "state.json").at("history");
  return trace;
}

void check_equal(const Trace& resumed, const Trace& whole) {
  CHECK(resumed.model == whole.model);
  CHECK(resumed.optimizer == whole.optimizer);
  CHECK(resumed.losses == whole.losses);
  CHECK(resumed.evaluations == whole.evaluations);
  CHECK(resumed.history == whole.history);
}

TEST_CASE("--resume DIR: a run folder says by itself how it goes on", "[resume]") {
  const fs::path whole = new_path("whole"), folder = new_path("stopped");
  REQUIRE_THAT(run(training(whole, {})), Exits(0));
  REQUIRE_THAT(stop_midway(training(folder, {}), folder, SIGTERM), Exits(stopped));
  const Words resume = fastbox({"train", "--resume", folder.string()});
  CHECK_THAT(run(resume + Words{"--run-dir", whole.string()}), Exits(2) && Tells("two run folders"));
  CHECK_THAT(run(fastbox({"train", "configs/kitti-small.yaml", "--resume", "configs/base.yaml"})),
             Exits(2) && Tells("expected a run folder"));
  REQUIRE_THAT(run(resume), Exits(0) && Tells("resumed from"));
  check_equal(trace_of(folder), trace_of(whole));
  // Values have the origins that they had, not lines of the folder's own file.
  const Outcome shown = run(fastbox({"config", "show", folder.string(), "--origin"}));
  CHECK(shown.out.find("  # configs/kitti-small.yaml:") != std::string::npos);
  CHECK(shown.out.find("config.yaml:") == std::string::npos);
  // The word after it may be the run file as well.
  CHECK_THAT(run(fastbox({"train", "--resume", "configs/none.yaml"})), Exits(2) && Tells("configs/none.yaml"));
}

TEST_CASE("SIGTERM, twice, then resumed: the same bytes, losses and evaluations", "[resume]") {
  const Words more = {"evaluation.every=1"};  // so that every stop is where an evaluation is due
  const fs::path whole = new_path("whole"), folder = new_path("stopped");
  REQUIRE_THAT(run(training(whole, more)), Exits(0));

  const Outcome first = stop_midway(training(folder, more), folder, SIGTERM);
  REQUIRE_THAT(first, Exits(stopped) && Tells("--resume"));
  REQUIRE(json_of(folder / "checkpoints" / "latest" / "state.json").at("step") < steps);
  CHECK_FALSE(fs::exists(folder / "eval.json"));

  const Outcome second = stop_midway(training(folder, more) + Words{"--resume"}, folder, SIGUSR1);
  REQUIRE_THAT(second, Exits(stopped) && Tells("resumed from"));
  REQUIRE_THAT(run(training(folder, more) + Words{"--resume"}), Exits(0) && Tells("resumed from"));
  const Trace expected = trace_of(whole);
  REQUIRE(expected.losses.size() == steps);
  REQUIRE(expected.evaluations.size() == steps);
  check_equal(trace_of(folder), expected);
}

/// The command on two ranks, each of which leaves its exit code in a file of its rank's number.
Words on_two_ranks_with_codes(const fs::path& codes, const Words& command) {
  fs::create_directories(codes);
  const std::string script =
      "trap : TERM; \"$@\"; code=$?; echo $code > '" + codes.string() + "'/$PMI_RANK; exit $code";
  return on_ranks(2, Words{"sh", "-c", script, "rank"} + command);
}

TEST_CASE("mpiexec is told to stop: every rank ends with 75, and the run goes on", "[resume]") {
  const Words more = {"evaluation.every=6"};
  const fs::path whole = new_path("whole"), folder = new_path("stopped"), codes = new_path("codes");
  REQUIRE_THAT(run(on_ranks(2, training(whole, more))), Exits(0));
  const Outcome outcome = stop_midway(on_two_ranks_with_codes(codes, training(folder, more)), folder, SIGTERM);
  REQUIRE_THAT(outcome, Tells("stopped on request"));
  CHECK(text_of(codes / "0") == "75\n");
  CHECK(text_of(codes / "1") == "75\n");
  // hydra before 4.3 now and then forgets the ranks' codes (pmodels/mpich#7057), never makes up another.
  CHECK_THAT(outcome, Exits(stopped) || Exits(0));
  REQUIRE(json_of(folder / "checkpoints" / "latest" / "state.json").at("step") < steps);
  REQUIRE_THAT(run(on_ranks(2, training(folder, more)) + Words{"--resume"}), Exits(0) && Tells("resumed from"));
  check_equal(trace_of(folder), trace_of(whole));
}

TEST_CASE("a run that was killed goes on from its last whole checkpoint", "[resume]") {
  const Words more = {"checkpoint.every=2", "evaluation.every=3"};
  const fs::path whole = new_path("whole"), folder = new_path("killed");
  REQUIRE_THAT(run(training(whole, more)), Exits(0));
  REQUIRE_THAT(stop_midway(training(folder, more), folder, SIGKILL, /*saved=*/true), Exits(128 + SIGKILL));

  // Its newest checkpoint was damaged as well: the one before serves.
  const fs::path checkpoints = folder / "checkpoints";
  Words all = names_in(checkpoints);
  all.erase(std::remove_if(all.begin(), all.end(), [](const auto& name) { return name.size() != 13; }),
            all.end());  // latest, and what the kill may have left unfinished
  REQUIRE(all.size() >= 1);
  fs::copy(checkpoints / all.back(), checkpoints / "step-00000015", fs::copy_options::recursive);
  fs::resize_file(checkpoints / "step-00000015" / "model.safetensors", 1000);
  REQUIRE_THAT(run(training(folder, more) + Words{"--resume"}),
               Exits(0) && Tells("step-00000015") && Tells("unusable") && Tells("resumed from"));
  check_equal(trace_of(folder), trace_of(whole));
}

}  // namespace
}  // namespace fastbox::test
