// An evaluation that fails is told and counted, and training goes on; only the last one has a say in how the run ends.

#include "base/text.hpp"
#include "faults/tiny_run.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

constexpr int steps = 120, every = 10, data_error = 3;

Words training(const fs::path& folder, const fs::path& data) {
  return tiny_training(folder, steps, {"data.root=" + data.string(), concat("evaluation.every=", every)});
}

const Trace& whole_run() {
  static const Trace trace = [] {
    const fs::path folder = new_path("whole");
    REQUIRE_THAT(run(training(folder, tiny_data())), Exits(0));
    return trace_of(folder);
  }();
  return trace;
}

/// The process has evaluated once; then a validation frame's label is no label any more, and one evaluation has failed.
std::function<void()> break_label(Process& process, const fs::path& folder, const fs::path& data) {
  REQUIRE(wait_until([&] { return !names_in(folder / "detections").empty() || !process.running(); }));
  const fs::path label = label_in(data, "000013");
  const std::string text = text_of(label);
  DataCopy::replace(label, "Car of some kind\n");
  REQUIRE(wait_until([&] {
    return text_if_any(folder / "log.txt").find("the evaluation at") != std::string::npos || !process.running();
  }));
  return [label, text] { DataCopy::replace(label, text); };
}

TEST_CASE("an evaluation that fails does not end the run", "[evaluation_fails]") {
  for (const int ranks : {1, 2}) {
    INFO(ranks << " ranks");
    const fs::path folder = new_path("run"), data = copy_of_tiny_data();
    Process process(on(ranks, training(folder, data)));
    const auto mend = break_label(process, folder, data);
    REQUIRE(process.running());
    mend();
    const Outcome outcome = process.wait();
    REQUIRE_THAT(outcome, Exits(0) && Tells(label_in(data, "000013").string()) && Tells("training goes on"));
    const Trace trace = trace_of(folder);
    CHECK(trace.model == whole_run().model);
    const int failed = newest_state(folder).at("failed_evaluations");
    CHECK(failed == count_of(text_of(folder / "log.txt"), "training goes on"));
    CHECK(failed >= 1);
    CHECK(std::ssize(trace.evaluations) == steps / every - failed);
    CHECK(std::ssize(trace.history) == steps / every - failed);
    CHECK(fs::exists(folder / "eval.json"));
  }
}

TEST_CASE("the last evaluation fails: saved, then 3; mended and resumed, the run is whole", "[evaluation_fails]") {
  const fs::path folder = new_path("run"), data = copy_of_tiny_data();
  Process process(training(folder, data));
  const auto mend = break_label(process, folder, data);
  const Outcome outcome = process.wait();
  CHECK_THAT(outcome, Exits(data_error) && Tells(label_in(data, "000013").string()) && Tells("checkpoint saved"));
  REQUIRE(newest_saved_step(folder) == steps);
  CHECK(trace_of(folder).model == whole_run().model);
  const int failed = newest_state(folder).at("failed_evaluations");
  CHECK(failed >= 2);
  CHECK_FALSE(fs::exists(folder / "eval.json"));
  mend();
  REQUIRE_THAT(run(training(folder, data) + Words{"--resume"}), Exits(0));
  CHECK(fs::exists(folder / "eval.json"));
  const Trace trace = trace_of(folder);
  CHECK(trace.model == whole_run().model);
  CHECK(trace.evaluations.back() == whole_run().evaluations.back());
  CHECK(std::ssize(trace.evaluations) == steps / every - failed + 1);
}

}  // namespace
}  // namespace fastbox::test
