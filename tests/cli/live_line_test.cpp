// The live line of a run on a terminal, and what a job's log gets instead.

#include <algorithm>

#include "base/text.hpp"
#include "cli/workplace.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Outcome on_terminal(const Words& command, const std::string& columns, const std::string& type = "xterm") {
  return run(Words{"python3", "tests/cli/in_terminal", "--columns", columns} + command, {{"TERM", type}});
}

TEST_CASE("on a terminal one line is written over; the log file has plain lines", "[live_line]") {
  const fs::path folder = new_path("run");
  const Outcome outcome = on_terminal(small_training(folder, {"run.log_every=2"}), "100");
  REQUIRE_THAT(outcome, Exits(0));
  CHECK(holds(outcome.out, "step 1/4  samples 12/48  loss "));
  CHECK(holds(outcome.out, "  memory "));
  // Progress lines are not repeated above it, other messages are.
  CHECK_FALSE(holds(outcome.out, "step 2/4  loss "));
  CHECK(holds(outcome.out, "Car AP40"));
  // At the end it is gone, so that the prompt begins a line.
  CHECK(outcome.out.ends_with("\r\n"));
  for (const char* code : {"\x1b[K", "\x1b[2K", "\x1b[A"}) CHECK_FALSE(holds(outcome.out, code));

  const std::string log = text_of(folder / "log.txt");
  CHECK(holds(log, "step 2/4  loss "));
  CHECK(holds(log, "step 4/4  loss "));
  CHECK_FALSE(holds(log, "\r"));
  CHECK_FALSE(holds(log, "samples 12/48"));
}

TEST_CASE("a narrow terminal gets what fits", "[live_line]") {
  const Outcome outcome = on_terminal(small_training(new_path("run")), "30");
  REQUIRE_THAT(outcome, Exits(0));
  CHECK(holds(outcome.out, "step 1/4  samples 12/48\r"));
  CHECK_FALSE(holds(outcome.out, "samples 12/48  loss"));
}

TEST_CASE("no terminal, or one that cannot go back: plain lines and no carriage return", "[live_line]") {
  const Outcome job = run(small_training(new_path("run"), {"run.log_every=2"}), {{"TERM", "xterm"}});
  REQUIRE_THAT(job, Exits(0));
  CHECK(holds(job.err, "step 2/4  loss "));
  CHECK_FALSE(holds(job.err, "\r"));

  const Outcome dumb = on_terminal(small_training(new_path("run"), {"run.log_every=2"}), "100", "dumb");
  REQUIRE_THAT(dumb, Exits(0));
  CHECK(holds(dumb.out, "step 2/4  loss "));
  CHECK_FALSE(holds(dumb.out, "samples 12/48"));
}

TEST_CASE("colours on a terminal, unless NO_COLOR is set; FASTBOX_LOG chooses what is told", "[live_line]") {
  const std::string colour = "\x1b[3";
  const auto shown = [](const std::string& no_color) {
    const Words command =
        Words{"python3", "tests/cli/in_terminal", "--columns", "100"} + small_training(new_path("run"));
    const Outcome outcome = run(command, {{"TERM", "xterm"}, {"NO_COLOR", no_color}});
    REQUIRE_THAT(outcome, Exits(0));
    CHECK(holds(outcome.out, "Car AP40"));
    return outcome.out;
  };
  CHECK(holds(shown(""), colour));
  CHECK_FALSE(holds(shown("1"), colour));

  const Outcome quiet = run(small_training(new_path("run")), {{"FASTBOX_LOG", "error"}});
  CHECK_THAT(quiet, Exits(0));
  CHECK(quiet.err.empty());
  CHECK_THAT(run(small_training(new_path("run")), {{"FASTBOX_LOG", "verbose"}}),
             Exits(0) && Tells("FASTBOX_LOG: 'verbose', expected") && Tells("step 4/4"));
}

TEST_CASE("an error ends the live line", "[live_line]") {
  const Outcome outcome =
      on_terminal(small_training(new_path("run"), {"optimizer.learning_rate=1e30", "train.loss_limit=2"}), "100");
  CHECK_THAT(outcome, Exits(5));
  const auto error = outcome.out.find(" error ");
  REQUIRE(error != std::string::npos);
  // What stands on the message's line was written over, and does not come back.
  const auto begin = outcome.out.find_last_of("\r\n", error);
  CHECK_FALSE(holds(outcome.out.substr(begin), "samples "));
}

}  // namespace
}  // namespace fastbox::test
