// A rank that stops or lags is named, with what it did last; one that never comes back ends the job.

#include <signal.h>

#include <fstream>
#include <thread>

#include "base/text.hpp"
#include "cli/workplace.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

/// The process of a rank of the job that writes to this run folder; 0 where there is none.
pid_t process_of(const fs::path& run_folder, int rank) {
  for (const auto& entry : fs::directory_iterator("/proc")) {
    long long pid = 0;
    if (!parse_integer(entry.path().filename().string(), pid)) continue;
    const auto contents = [&](const char* name) {
      std::ifstream stream(entry.path() / name, std::ios::binary);
      return std::string(std::istreambuf_iterator<char>(stream), {});
    };
    const std::string command = contents("cmdline");
    if (command.find(run_folder.string()) == std::string::npos) continue;
    if (contents("environ").find(concat("PMI_RANK=", rank, '\0')) != std::string::npos) return static_cast<pid_t>(pid);
  }
  return 0;
}

/// A run that would take minutes.
Words long_training(const fs::path& folder, const Words& more) {
  static const std::string one_frame = new_list({"000012"}).string();
  return small_training(folder, Words{"data.val=" + one_frame, "train.samples=60000", "run.log_every=5"} + more);
}

void wait_for_steps(const fs::path& folder, Process& process) {
  while (process.running() &&
         !(fs::exists(folder / "metrics.jsonl") && json_lines_of(folder / "metrics.jsonl").size() >= 2))
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

TEST_CASE("a stalled rank is named within 15 seconds, and at the limit the job ends with 4", "[stall]") {
  const fs::path folder = new_path("stalled");
  Process process(
      on_ranks(3, long_training(folder, {"parallel.timeout_seconds=14"})));  // warned of after 10 s, as shipped
  wait_for_steps(folder, process);
  const pid_t victim = process_of(folder, 2);
  REQUIRE(victim > 0);
  kill(victim, SIGSTOP);
  const auto begin = std::chrono::steady_clock::now();
  double warned_after = 1e9;
  while (process.running() && warned_after > 1e8) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    if (text_of(folder / "log.txt").find("Missing:") != std::string::npos)
      warned_after = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }
  CHECK(warned_after < 15);
  const Outcome outcome = process.wait(std::chrono::seconds(60));
  CHECK_THAT(outcome, Exits(4) && Tells("rank 2 on host ") && Tells("first missing is the gradient of ") &&
                          Tells("rank 0: step ") && Tells("has been waiting for "));
  // Its own last operations from each rank that still ran, the silent one's from its last heartbeat.
  CHECK_THAT(outcome, Tells("rank 0: step ") && Tells("rank 1: step ") && Tells("the last operations of this rank:") &&
                          Tells("rank 2 on host ") && Tells("the last operations that it published:"));
  for (int i = 0; i < 100 && process_of(folder, 2) != 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK(process_of(folder, 2) == 0);
}

TEST_CASE("a stall that ends is only a warning", "[stall]") {
  const fs::path folder = new_path("stalled-for-a-while");
  Process process(on_ranks(2, long_training(folder, {"parallel.warn_seconds=1"})));
  wait_for_steps(folder, process);
  const pid_t victim = process_of(folder, 1);
  REQUIRE(victim > 0);
  kill(victim, SIGSTOP);
  std::this_thread::sleep_for(std::chrono::seconds(3));
  kill(victim, SIGCONT);
  const std::size_t lines = json_lines_of(folder / "metrics.jsonl").size();
  while (process.running() && json_lines_of(folder / "metrics.jsonl").size() < lines + 2)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  process.send(SIGTERM);
  CHECK_THAT(process.wait(), Tells("Missing:") && Tells("rank 1 on host ") && Tells("stopped on request"));
}

TEST_CASE("rank 1 speaks where rank 0 is the one that stalls", "[stall]") {
  const fs::path folder = new_path("first-stalled");
  Process process(on_ranks(3, long_training(folder, {"parallel.warn_seconds=4", "parallel.timeout_seconds=8"})));
  wait_for_steps(folder, process);
  const pid_t victim = process_of(folder, 0);
  REQUIRE(victim > 0);
  kill(victim, SIGSTOP);
  CHECK_THAT(process.wait(std::chrono::seconds(60)), Exits(4) && Tells("rank 1: step ") && Tells("rank 0 on host "));
}

TEST_CASE("a rank that is 200 ms late in every step is the slowest in the progress line", "[straggler]") {
  const fs::path folder = new_path("straggler");
  Process process(on_ranks(2, long_training(folder, {})));
  wait_for_steps(folder, process);
  const pid_t victim = process_of(folder, 1);
  REQUIRE(victim > 0);
  const std::size_t lines = json_lines_of(folder / "metrics.jsonl").size();
  // Held up while it runs: what it lacks is compute.
  while (process.running() && json_lines_of(folder / "metrics.jsonl").size() < lines + 3) {
    kill(victim, SIGSTOP);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    kill(victim, SIGCONT);
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
  }
  process.send(SIGTERM);
  CHECK_THAT(process.wait(), Tells("slowest rank 1 (+"));
  const auto late = json_lines_of(folder / "metrics.jsonl").at(lines + 1).at("straggler");
  CHECK(late.at("rank") == 1);
  CHECK(late.at("cause") == "compute");
  CHECK(late.at("late_seconds") > 0.05);
}

}  // namespace
}  // namespace fastbox::test
