// A frame that cannot be read in the middle of a run: data.on_error stop and skip.

#include <signal.h>

#include <set>
#include <sstream>

#include "base/text.hpp"
#include "faults/tiny_run.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

constexpr int steps = 60, data_error = 3, stopped = 75;
constexpr int epochs = 6 * steps / 12;  // every frame comes once in each

Words training(const fs::path& folder, const fs::path& data, const Words& more) {
  return tiny_training(folder, steps, Words{"data.root=" + data.string(), "data.cache=off"} + more);
}

/// The sample of every "sample 17: FILE: why; frame 000003 takes its place", and the frame that did.
std::map<std::int64_t, std::string> replaced_in(const std::string& errors) {
  std::map<std::int64_t, std::string> replaced;
  std::istringstream lines(errors);
  for (std::string line; std::getline(lines, line);) {
    const auto end = line.find(" takes its place"), frame = line.rfind("frame ", end), at = line.find("sample ");
    if (end == std::string::npos) continue;
    REQUIRE(at != std::string::npos);
    const bool is_new = replaced.emplace(std::stoll(line.substr(at + 7)), line.substr(frame + 6, 6)).second;
    CHECK(is_new);
  }
  return replaced;
}

TEST_CASE("stop: the frame is named, and nothing is lost", "[frames_stop]") {
  const fs::path whole = new_path("whole"), folder = new_path("run"), data = copy_of_tiny_data();
  const Words more = {"checkpoint.every=2", "evaluation.every=4"};
  REQUIRE_THAT(run(training(whole, data, more)), Exits(0));
  Process process(on(2, training(folder, data, more)));
  REQUIRE(wait_until([&] { return newest_saved_step(folder) >= 4 || !process.running(); }));
  const auto mend = damage(image_in(data, "000003"));
  const Outcome outcome = process.wait();
  REQUIRE_THAT(outcome, Exits(data_error) && Tells(image_in(data, "000003").string()));
  const std::int64_t saved = newest_saved_step(folder);
  REQUIRE(saved >= 4);
  REQUIRE(saved < steps);
  CHECK(saved >= last_logged_step(folder) - 4);  // the interval, and that of a save that was under way
  mend();
  REQUIRE_THAT(run(training(folder, data, more) + Words{"--resume"}), Exits(0) && Tells(concat("at step ", saved)));
  check_same(trace_of(folder), trace_of(whole));
}

/// Two of the twelve frames are of no use from the start.
struct BadFrames {
  fs::path data = copy_of_tiny_data();
  BadFrames() {
    damage(image_in(data, "000003"));
    DataCopy::replace(label_in(data, "000007"), "Car 0 0 0 wide\n");
  }
};

TEST_CASE("skip: another frame takes its place, whatever the ranks and stops", "[frames_skip]") {
  const BadFrames bad;
  const Words more = {"data.on_error=skip", "evaluation.every=15"};
  const fs::path whole = new_path("whole");
  const Outcome first = run(training(whole, bad.data, more));
  REQUIRE_THAT(
      first, Exits(0) && Tells(image_in(bad.data, "000003").string()) && Tells(label_in(bad.data, "000007").string()));
  const Trace expected = trace_of(whole);
  const auto replaced = replaced_in(first.err);
  CHECK(replaced.size() == 2 * epochs);
  CHECK(newest_state(whole).at("replaced_samples") == 2 * epochs);
  std::set<std::string> places;
  for (const auto& [sample, frame] : replaced) {
    places.insert(frame);
    CHECK((frame != "000003" && frame != "000007"));
  }
  CHECK(places.size() > 5);  // drawn anew each time

  for (const int ranks : {2, 3}) {
    INFO(ranks << " ranks");
    const fs::path folder = new_path("run");
    const Outcome outcome = run(on(ranks, training(folder, bad.data, more)));
    REQUIRE_THAT(outcome, Exits(0));
    check_same(trace_of(folder), expected);
    CHECK(replaced_in(outcome.err) == replaced);
    CHECK(newest_state(folder).at("replaced_samples") == 2 * epochs);
  }

  const fs::path folder = new_path("stopped");
  Process process(training(folder, bad.data, more));
  REQUIRE(wait_until([&] { return last_logged_step(folder) >= 10 || !process.running(); }));
  process.send(SIGTERM);
  const Outcome part = process.wait();
  REQUIRE_THAT(part, Exits(stopped));
  const auto before = replaced_in(part.err);
  CHECK(newest_state(folder).at("replaced_samples") == before.size());
  const Outcome rest = run(on(3, training(folder, bad.data, more) + Words{"--resume"}));
  REQUIRE_THAT(rest, Exits(0));
  check_same(trace_of(folder), expected);
  auto together = replaced_in(rest.err);
  CHECK(before.size() + together.size() == replaced.size());
  together.insert(before.begin(), before.end());
  CHECK(together == replaced);
  CHECK(newest_state(folder).at("replaced_samples") == 2 * epochs);
}

TEST_CASE("skip: past data.error_limit the run saves and ends, and goes on where the limit is raised",
          "[frames_skip]") {
  const BadFrames bad;
  const fs::path whole = new_path("whole");
  REQUIRE_THAT(run(training(whole, bad.data, {"data.on_error=skip"})), Exits(0));
  for (const int ranks : {1, 2}) {
    INFO(ranks << " ranks");
    const fs::path folder = new_path("run");
    const Outcome outcome = run(on(ranks, training(folder, bad.data, {"data.on_error=skip", "data.error_limit=7"})));
    CHECK_THAT(outcome, Exits(data_error) && Tells("data.error_limit is 7") && Tells("samples could not be read"));
    const std::int64_t saved = newest_saved_step(folder);
    CHECK(saved == last_logged_step(folder));
    CHECK(saved >= 7);  // four in two epochs of two steps
    CHECK(saved <= 8);
    CHECK(newest_state(folder).at("replaced_samples") > 7);
    REQUIRE_THAT(run(training(folder, bad.data, {"data.on_error=skip", "data.error_limit=1000"}) + Words{"--resume"}),
                 Exits(0));
    check_same(trace_of(folder), trace_of(whole));
  }
}

TEST_CASE("skip: a frame is damaged while the run goes on", "[frames_skip]") {
  const fs::path folder = new_path("run"), data = copy_of_tiny_data();
  Process process(on(2, training(folder, data, {"data.on_error=skip"})));
  REQUIRE(wait_until([&] { return last_logged_step(folder) >= 4 || !process.running(); }));
  const auto mend = damage(image_in(data, "000003"));
  const Outcome outcome = process.wait();
  REQUIRE_THAT(outcome, Exits(0) && Tells(image_in(data, "000003").string()));
  const auto replaced = replaced_in(outcome.err);
  CHECK(replaced.size() > 0);
  CHECK(replaced.begin()->first >= 24);  // the first four steps met it whole
  CHECK(newest_state(folder).at("replaced_samples") == replaced.size());
  CHECK(last_logged_step(folder) == steps);
}

TEST_CASE("skip: no frame can be read", "[frames_skip]") {
  const fs::path folder = new_path("run"), data = copy_of_tiny_data();
  for (int frame = 0; frame < 12; ++frame) damage(image_in(data, concat(frame < 10 ? "00000" : "0000", frame)));
  CHECK_THAT(run(on(2, training(folder, data, {"data.on_error=skip"}))), Exits(data_error) && Tells("image_2/0000"));
}

}  // namespace
}  // namespace fastbox::test
