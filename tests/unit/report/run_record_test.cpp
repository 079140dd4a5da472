#include "report/run_record.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "base/files.hpp"
#include "made_run.hpp"
#include "report/run_totals.hpp"

using namespace fastbox;
using namespace fastbox::report;

TEST_CASE("a finished run is read whole", "[run_record]") {
  const test::ScratchFolder scratch;
  test::make_data(scratch / "data");
  test::make_run(scratch / "run", scratch / "data");
  const RunRecord run = read_run((scratch / "run") / "");
  CHECK(run.problems.empty());
  CHECK(run.name == "run");
  CHECK(run.status == Status::finished);
  CHECK(run.samples() == 16);
  CHECK(run.planned_samples == 16);
  CHECK(run.ranks() == 2);
  CHECK(run.first_time == "2026-11-23 15:39:46");
  CHECK(run.last_time == "2026-11-23 15:40:00");
  REQUIRE(run.warnings.size() == 1);
  CHECK(latest_figures(run)[0].ap11 == 61.5);  // eval.json's
  CHECK(batch_of(run) == 4);
  REQUIRE(run.final_evaluation);
  CHECK(run.final_evaluation->figures[0].precision.size() == 41);
  CHECK(run.final_evaluation->figures[2].ground_truths == 7);
  REQUIRE(run.checkpoints.size() == 1);
  CHECK(run.checkpoints[0].latest);
  CHECK_FALSE(run.checkpoints[0].best);
  CHECK(run.checkpoints[0].samples == 16);
  CHECK(run.checkpoints[0].bytes > 2000);
  CHECK(whole_in(run.state, "replaced_samples") == 3);
}

TEST_CASE("a run whose folder is held is still going; one that ended early says so", "[run_record]") {
  const test::ScratchFolder scratch;
  test::make_run(scratch / "run", scratch / "data");
  const auto lock_file = scratch / "run" / ".lock";
  const int lock = ::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  REQUIRE(lock >= 0);
  REQUIRE(::flock(lock, LOCK_EX | LOCK_NB) == 0);
  CHECK(read_run(scratch / "run").status == Status::running);
  ::close(lock);
  CHECK(read_run(scratch / "run").status == Status::finished);
  // Reading must not leave the folder locked.
  const int again = ::open(lock_file.c_str(), O_RDWR | O_CLOEXEC);
  CHECK(::flock(again, LOCK_EX | LOCK_NB) == 0);
  ::close(again);

  write_file_atomically(scratch / "run" / "metrics.jsonl", test::training_line(1, 4, 9));
  CHECK(read_run(scratch / "run").status == Status::ended_early);
}

TEST_CASE("what is no run folder is refused", "[run_record]") {
  const test::ScratchFolder scratch;
  const auto missing = test::caught([&] { read_run(scratch / "nothing"); });
  CHECK(missing.code == ExitCode::data);
  CHECK(missing.mentions("no such folder"));
  const auto other = test::caught([&] { read_run(scratch.path()); });
  CHECK(other.code == ExitCode::data);
  CHECK(other.mentions("neither config.yaml nor metrics.jsonl"));
}

TEST_CASE("a broken file is a problem, and the rest is read", "[run_record]") {
  const test::ScratchFolder scratch;
  test::make_run(scratch / "run", scratch / "data");
  const auto break_file = [&](const std::string& name, const std::string& text) {
    write_file_atomically(scratch / "run" / name, text);
  };
  break_file("config.yaml", "trains:\n  samples: 3\n");
  break_file("eval.json", "{\"classes\": 7}");
  break_file("machine.json", "[]");
  break_file("checkpoints/step-00000004/state.json", "{");
  std::filesystem::create_directories(scratch / "run" / "checkpoints" / "step-00000008");
  const RunRecord run = read_run(scratch / "run");
  CHECK(run.problems.size() == 5);
  CHECK_FALSE(run.config);
  CHECK_FALSE(run.final_evaluation);
  CHECK(run.machine.is_null());
  CHECK(run.state.is_null());
  CHECK(run.intervals.size() == 4);
  CHECK(run.status == Status::untold);
}

TEST_CASE("numbers of JSON that may hold anything", "[run_record]") {
  const nlohmann::json json = {{"a", 3}, {"b", 2.5}, {"c", "x"}, {"d", 1e300}, {"e", nullptr}};
  CHECK(number_in(json, "b") == 2.5);
  CHECK(std::isnan(number_in(json, "c")));
  CHECK(std::isnan(number_in(json, "missing")));
  CHECK(std::isnan(number_in(nlohmann::json::array(), "a")));
  CHECK(whole_in(json, "a") == 3);
  CHECK_FALSE(whole_in(json, "b"));
  CHECK_FALSE(whole_in(json, "d"));
  CHECK_FALSE(whole_in(json, "e"));
}
