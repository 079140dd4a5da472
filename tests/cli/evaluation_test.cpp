// fastbox eval: the figures of the run that made the checkpoint, from the checkpoint and from its result
// files.

#include "base/files.hpp"
#include "cli/workplace.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

/// Without what differs from one measurement to the next.
nlohmann::json figures(nlohmann::json evaluation) {
  REQUIRE(evaluation.erase("milliseconds_per_image") == 1);
  return evaluation;
}

nlohmann::json figures_of_run() {
  const auto result = figures(json_of(learned_run() / "eval.json"));
  const double ap = result.at("classes").at("car").at("moderate").at("ap40");
  REQUIRE(ap > 0);  // else everything below would compare nothing with nothing
  REQUIRE(ap < 100);
  return result;
}

Words evaluation_of_checkpoint(const fs::path& json) {
  return fastbox({"eval", "--checkpoint", learned_run().string(), "--json", json.string()});
}

TEST_CASE("eval --checkpoint gives the run's own figures on any number of ranks", "[evaluation]") {
  const fs::path one = new_path("one.json"), two = new_path("two.json"), four = new_path("four.json");
  const Outcome outcome = run(evaluation_of_checkpoint(one));
  REQUIRE_THAT(outcome, Exits(0));
  CHECK(outcome.out.find("moderate") != std::string::npos);
  REQUIRE_THAT(run(on_ranks(2, evaluation_of_checkpoint(two))), Exits(0));
  REQUIRE_THAT(run(on_ranks(4, evaluation_of_checkpoint(four))), Exits(0));  // more than there are frames
  CHECK(figures(json_of(one)) == figures_of_run());
  CHECK(figures(json_of(two)) == figures_of_run());
  CHECK(figures(json_of(four)) == figures_of_run());
  CHECK(json_of(one).at("milliseconds_per_image").get<double>() > 0);
}

TEST_CASE("eval --checkpoint takes a step folder, other frames and keys, and writes result files", "[evaluation]") {
  const fs::path out = new_path("out"), json = new_path("step.json"),
                 step = learned_run() / "checkpoints" / "step-00000040";
  REQUIRE_THAT(run(fastbox({"eval", "--checkpoint", step.string(), "--out", out.string()})), Exits(0));
  CHECK(digests_of(out) == digests_of(learned_run() / "detections" / "step-00000040"));

  const Outcome others = run(fastbox({"eval", "--checkpoint", step.string(), "--data", made_data().string(), "--split",
                                      "splits/val.txt", "--json", json.string()}));
  REQUIRE_THAT(others, Exits(0));
  CHECK(json_of(json).at("frames") == 6);
  CHECK(figures(json_of(json)) != figures_of_run());
}

TEST_CASE("eval --predictions gives the same figures from the result files", "[evaluation]") {
  const fs::path json = new_path("predictions.json");
  const Words command = {"eval",
                         "--predictions",
                         (learned_run() / "detections" / "step-00000040").string(),
                         "--labels",
                         (made_data() / "training" / "label_2").string(),
                         "--json",
                         json.string()};
  REQUIRE_THAT(run(fastbox(command)), Exits(0));
  CHECK(figures(json_of(json)) == figures_of_run());
  CHECK(json_of(json).at("milliseconds_per_image").is_null());

  const std::string list = new_list({"000000", "000001", "000002"}).string();
  REQUIRE_THAT(run(fastbox(command + Words{"--split", list})), Exits(0));
  CHECK(figures(json_of(json)) == figures_of_run());

  const std::string longer = new_list({"000000", "000001", "000002", "000003"}).string();
  CHECK_THAT(run(fastbox(command + Words{"--split", longer})), Exits(3) && Tells("000003"));
  REQUIRE_THAT(run(fastbox(command + Words{"--split", longer, "--missing-as-empty"})), Exits(0));
  CHECK(json_of(json).at("frames") == 4);
}

TEST_CASE("--json - gives JSON and nothing else on standard output", "[evaluation]") {
  const Outcome outcome = run(evaluation_of_checkpoint("-"));
  REQUIRE_THAT(outcome, Exits(0));
  CHECK(figures(nlohmann::json::parse(outcome.out)) == figures_of_run());
}

TEST_CASE("every evaluation of a run is in its history", "[evaluation]") {
  std::vector<nlohmann::json> from_metrics;
  for (const auto& line : json_lines_of(learned_run() / "metrics.jsonl"))
    if (line.contains("ap"))
      from_metrics.push_back({{"step", line.at("step")}, {"samples", line.at("samples")}, {"ap", line.at("ap")}});
  CHECK(from_metrics.size() == 2);
  CHECK(json_of(learned_run() / "checkpoints" / "latest" / "state.json").at("history") == nlohmann::json(from_metrics));
  CHECK(from_metrics.back().at("ap").at("car").at("hard").at("ap40") ==
        figures_of_run().at("classes").at("car").at("hard").at("ap40"));
}

TEST_CASE("what cannot be evaluated", "[evaluation]") {
  CHECK_THAT(run(fastbox({"eval"})), Exits(2) && Tells("--checkpoint"));
  CHECK_THAT(run(fastbox({"eval", "--predictions", "somewhere"})), Exits(2) && Tells("--labels"));
  CHECK_THAT(run(fastbox({"eval", "--checkpoint", "a", "--predictions", "b", "--labels", "c"})), Exits(2));
  CHECK_THAT(run(fastbox({"eval", "--checkpoint", "no/such/run"})), Exits(3) && Tells("no/such/run"));
  const Words bad_key = {"--set", "evaluation.overlap=much"};
  CHECK_THAT(run(fastbox({"eval", "--checkpoint", learned_run().string()}) + bad_key),
             Exits(2) && Tells("evaluation.overlap"));
}

TEST_CASE("what is wrong with result files is told by name", "[evaluation]") {
  const fs::path labels = made_data() / "training" / "label_2", results = new_path("results");
  const std::string label = "Car 0 0 0 100 100 200 200 1 1 1 0 0 0 0";
  const auto write = [&](const std::string& frame, const std::string& text) {
    write_file_atomically(results / (frame + ".txt"), text);
  };
  write("000000", label + " 0.5\n");
  write("000001", "");
  const Words command = fastbox({"eval", "--predictions", results.string(), "--labels", labels.string()});
  REQUIRE_THAT(run(command), Exits(0));

  write("000001", label + " 0.5\n" + label + "\n");
  CHECK_THAT(run(command), Exits(3) && Tells("000001.txt:2: 15 columns, expected 16"));
  write("000001", label + " nan\n");
  CHECK_THAT(run(command), Exits(3) && Tells("000001.txt:1: column 16 (score) is 'nan'"));
  write("000001", "");

  const Words listed = command + Words{"--split", new_list({"000000", "000002"}).string()};
  CHECK_THAT(run(listed), Exits(3) && Tells("no result file") && Tells("000002.txt"));
  const Words as_empty = listed + Words{"--missing-as-empty"};
  CHECK_THAT(run(as_empty), Exits(0) && Tells("without a result file") && Tells("000002"));
  CHECK_THAT(run(as_empty), Exits(0) && Tells("not in the list") && Tells("000001"));

  write("999999", "");
  CHECK_THAT(run(command), Exits(3) && Tells("999999.txt"));  // there is no such frame
}

}  // namespace
}  // namespace fastbox::test
