// SIGKILL at random instants, of a random rank or of mpiexec, again and again: a run that is resumed each time, on other numbers
// of ranks, ends with the bits, lines and evaluations of the run that was never stopped.

#include <signal.h>

#include <algorithm>
#include <iostream>
#include <random>
#include <thread>

#include "base/text.hpp"
#include "faults/tiny_run.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int wanted_kills = 200, steps = 150, interval = 2, evaluated = 3;
constexpr int most_ranks = 3;
constexpr int ranks_of_tries[] = {1, 1, 1, 1, 1, 2, 2, 2, 2, 3};  // fewer start sooner
constexpr double longest_try = 0.3;  // of a whole run on so many ranks: about as long again as its start

Words training(const fs::path& folder) {
  return tiny_training(
      folder, steps,
      {concat("checkpoint.every=", interval), concat("evaluation.every=", evaluated), "checkpoint.keep=3"});
}

/// Where the kills struck, and what they cost.
struct Tally {
  int kills = 0, of_mpiexec = 0, of_ranks = 0, runs = 0;
  int starting = 0, saving = 0, evaluating = 0;  ///< before the first step, with a save or an evaluation half on disk
  std::int64_t most_lost = 0, lost = 0;          ///< steps
};

std::ostream& operator<<(std::ostream& stream, const Tally& t) {
  return stream << t.kills << " kills in " << t.runs << " runs of " << steps << " steps: " << t.of_ranks
                << " of a rank, " << t.of_mpiexec << " of mpiexec; " << t.starting << " before the first step, "
                << t.saving << " with half a checkpoint on disk, " << t.evaluating
                << " with half an evaluation; lost at most " << t.most_lost << " steps, "
                << fixed(static_cast<double>(t.lost) / std::max(t.kills, 1), 2) << " a kill (saved every " << interval
                << ")";
}

bool holds_half(const fs::path& folder) {
  const Words names = names_in(folder);
  return std::any_of(names.begin(), names.end(),
                     [](const std::string& name) { return name.find(".incomplete-") != std::string::npos; });
}

/// The number after `text`, where it is last found; -1: nowhere.
std::int64_t number_after(const std::string& in, const std::string& text) {
  const auto at = in.rfind(text);
  return at == std::string::npos ? -1 : std::atoll(in.c_str() + at + text.size());
}

/// Of the last "step 12  checkpoint saved".
std::int64_t last_reported_save(const std::string& errors) {
  const auto at = errors.rfind("  checkpoint saved");
  return at == std::string::npos ? -1 : number_after(errors.substr(0, at), " step ");
}

class Killer {
 public:
  Killer() {
    const fs::path whole = new_path("whole");
    for (int ranks = 1; ranks <= most_ranks; ++ranks) {
      const fs::path folder = ranks == 1 ? whole : new_path("whole");
      const Outcome outcome = run(on(ranks, training(folder)));
      REQUIRE_THAT(outcome, Exits(0));
      longest_.push_back(std::int64_t(1e6 * longest_try * outcome.seconds));
      if (ranks == 1) expected_ = trace_of(whole);
      check_same(trace_of(folder), expected_);
    }
    REQUIRE(expected_.losses.size() == steps);
    REQUIRE(expected_.evaluations.size() == steps / evaluated);
    REQUIRE(expected_.detections.size() == 3 * steps / evaluated);  // three frames each
  }

  /// One run, killed until it is done or there were enough kills.
  void kill_a_run() {
    const fs::path folder = new_path("killed");
    ++tally_.runs;
    bool done = false;
    while (!done) done = one_try(folder);
    check_same(trace_of(folder), expected_);
    fs::remove_all(folder);
  }

  const Tally& tally() const { return tally_; }

 private:
  std::int64_t draw(std::int64_t below) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(below));
  }

  /// Starts or resumes, and kills at some instant. Whether the run is done.
  bool one_try(const fs::path& folder) {
    const int ranks = ranks_of_tries[draw(std::size(ranks_of_tries))];
    const std::int64_t saved_before = newest_saved_step(folder);
    INFO("kill " << tally_.kills + 1 << ", " << ranks << " ranks, saved before: " << saved_before);
    Process process(on(ranks, training(folder)) + Words{"--resume"});
    const auto instant = Clock::now() + std::chrono::microseconds(draw(longest_[static_cast<std::size_t>(ranks - 1)]));
    while (process.running() && (tally_.kills == wanted_kills || Clock::now() < instant))
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    const bool killed = process.running();
    if (killed) strike(process, ranks, folder);
    const Outcome outcome = process.wait(std::chrono::seconds(60));
    check_outcome(outcome, saved_before);
    REQUIRE(wait_until([&] { return ranks_of(folder).empty(); }, std::chrono::seconds(10)));
    if (!killed) {
      REQUIRE_THAT(outcome, Exits(0));
      return true;
    }
    count(outcome, folder);
    return false;
  }

  void strike(const Process& process, int ranks, const fs::path& folder) {
    const auto victims = ranks_of(folder);
    const auto chosen = static_cast<std::size_t>(draw(std::ssize(victims) + 1));
    ++tally_.kills;
    if (ranks > 1 && chosen == victims.size()) {
      ++tally_.of_mpiexec;
      process.send(SIGKILL);
    } else {
      ++tally_.of_ranks;
      if (ranks == 1)
        process.send(SIGKILL);
      else
        ::kill(victims[chosen], SIGKILL);
    }
  }

  void check_outcome(const Outcome& outcome, std::int64_t saved_before) {
    INFO(outcome);
    CHECK(outcome.exit_code != Outcome::timed_out);
    CHECK(outcome.exit_code != 3);
    for (const char* bad :
         {"unusable", "none of its", "a defect", "damaged", "could not be saved", "using this folder"})
      CHECK(outcome.err.find(bad) == std::string::npos);
    const std::int64_t resumed = number_after(outcome.err, "at step ");
    if (outcome.err.find("resumed from") != std::string::npos) CHECK(resumed == saved_before);
    if (outcome.err.find("starting at step 0") != std::string::npos) CHECK(saved_before == -1);
  }

  /// What was said to be saved is there, and little more was trained.
  void count(const Outcome& outcome, const fs::path& folder) {
    INFO(outcome);
    const std::int64_t saved = newest_saved_step(folder), trained = last_logged_step(folder);
    CHECK(saved >= last_reported_save(outcome.err));
    const std::int64_t lost = trained - std::max<std::int64_t>(saved, 0);
    // An interval, and at most another while the save that ends it was being written: the next one waits for it.
    CHECK(lost <= 2 * interval);
    tally_.most_lost = std::max(tally_.most_lost, lost);
    tally_.lost += std::max<std::int64_t>(lost, 0);
    if (outcome.err.find(concat("/", steps, "  loss")) == std::string::npos) ++tally_.starting;
    if (holds_half(folder / "checkpoints")) ++tally_.saving;
    if (holds_half(folder / "detections")) ++tally_.evaluating;
  }

  Trace expected_;
  std::vector<std::int64_t> longest_;  // microseconds until a kill, on 1, 2, 3 ranks
  std::mt19937_64 random_{6};
  Tally tally_;
};

TEST_CASE("killed 200 times at random instants, and the bits are those of a run never stopped", "[kills]") {
  Killer killer;
  while (killer.tally().kills < wanted_kills) killer.kill_a_run();
  std::cout << killer.tally() << std::endl;
  CHECK(killer.tally().of_mpiexec > 20);
  CHECK(killer.tally().starting > 20);
}

}  // namespace
}  // namespace fastbox::test
