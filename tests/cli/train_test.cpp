// What a training run leaves behind, and what a second call on its folder does.

#include <algorithm>

#include "cli/workplace.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

const Words checkpoint_files = {"config.yaml", "manifest.json", "model.safetensors", "optimizer.safetensors",
                                "state.json"};

TEST_CASE("where steps are long, progress is told by the clock as well, by all ranks together", "[train]") {
  const auto lines_of = [](int ranks, const std::string& seconds) {
    const fs::path folder = new_path("run");
    const Words training =
        small_training(folder, {"run.log_every=1000", "run.log_seconds=" + seconds,
                                "parallel.scheme=" + std::string(ranks == 2 ? "pipelined" : "synchronous")});
    REQUIRE_THAT(run(ranks == 1 ? training : on_ranks(ranks, training)), Exits(0));
    const auto lines = json_lines_of(folder / "metrics.jsonl");
    return std::count_if(lines.begin(), lines.end(), [](const auto& line) { return line.contains("loss"); });
  };
  CHECK(lines_of(1, "1e-9") == 4);
  CHECK(lines_of(2, "1e-9") >= 2);  // a pipelined step learns of it a step later
  CHECK(lines_of(3, "1e-9") == 4);
  CHECK(lines_of(1, "0") == 1);
}

TEST_CASE("a run leaves the folder that is documented", "[train]") {
  const fs::path folder = new_path("run");
  const Outcome outcome = run(small_training(folder, {"run.log_every=1", "evaluation.every=2", "checkpoint.every=2"}));
  REQUIRE_THAT(outcome, Exits(0));

  SECTION("results go to standard output, progress to standard error and the log") {
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome, Tells("step 4/4") && Tells("Car AP40"));
    CHECK(text_of(folder / "log.txt").find("step 4/4") != std::string::npos);
  }
  SECTION("config.yaml loads again, to the same values") {
    const auto show = [](const fs::path& run_file) { return run(fastbox({"config", "show", run_file.string()})); };
    const Outcome again = show(folder / "config.yaml");
    CHECK_THAT(again, Exits(0));
    CHECK(again.out.find("width_multiple: 0.25") != std::string::npos);
    CHECK(again.out == show(folder / "checkpoints" / "latest" / "config.yaml").out);
  }
  SECTION("metrics.jsonl has a line for every step, and one for every evaluation") {
    std::vector<int> steps, evaluations;
    for (const auto& line : json_lines_of(folder / "metrics.jsonl")) {
      CHECK(line.at("samples") == line.at("step").get<int>() * 12);
      if (line.contains("ap")) {
        evaluations.push_back(line.at("step"));
        for (const char* difficulty : {"easy", "moderate", "hard"})
          CHECK(line.at("ap").at("car").at(difficulty).at("ap40").is_number());
        continue;
      }
      steps.push_back(line.at("step"));
      CHECK(line.at("loss").get<double>() > 0);
      CHECK(line.at("learning_rate").get<double>() > 0);
      CHECK(line.at("images_per_second").get<double>() > 0);
    }
    CHECK(steps == std::vector<int>{1, 2, 3, 4});
    CHECK(evaluations == std::vector<int>{2, 4});
  }
  SECTION("checkpoints are whole, and latest is the last") {
    CHECK(names_in(folder / "checkpoints") == Words{"best", "latest", "step-00000002", "step-00000004"});
    CHECK(fs::read_symlink(folder / "checkpoints" / "latest") == "step-00000004");
    for (const char* step : {"step-00000002", "step-00000004"}) {
      CHECK(names_in(folder / "checkpoints" / step) == checkpoint_files);
      const auto digests = digests_of(folder / "checkpoints" / step);
      const auto manifest = json_of(folder / "checkpoints" / step / "manifest.json");
      CHECK(manifest.size() == 4);
      for (const auto& [name, entry] : manifest.items()) CHECK(entry.at("sha256") == digests.at(name));
    }
    CHECK(json_of(folder / "checkpoints" / "latest" / "state.json").at("samples") == 48);
  }
  SECTION("every validation frame has its result file") {
    for (const char* step : {"step-00000002", "step-00000004"})
      CHECK(names_in(folder / "detections" / step) ==
            Words{"000012.txt", "000013.txt", "000014.txt", "000015.txt", "000016.txt", "000017.txt"});
    const auto evaluation = json_of(folder / "eval.json");
    CHECK(evaluation.at("frames") == 6);
    CHECK(evaluation.at("classes").at("car").at("moderate").at("precision").size() == 41);
    CHECK(evaluation.at("classes").at("pedestrian").is_null());
  }
  SECTION("a second run into the folder is refused and changes nothing") {
    const auto before = digests_of(folder);
    CHECK_THAT(run(small_training(folder)), Exits(2) && Tells(folder.string()) && Tells("--resume"));
    CHECK(digests_of(folder) == before);
  }
  SECTION("--resume on the finished run does nothing and is content") {
    const auto checkpoints = digests_of(folder / "checkpoints");
    const std::string metrics = text_of(folder / "metrics.jsonl");
    const Outcome again = run(small_training(folder, {"run.log_every=1", "evaluation.every=2", "checkpoint.every=2"}) +
                              Words{"--resume"});
    CHECK_THAT(again, Exits(0) && Tells("finished"));
    CHECK(digests_of(folder / "checkpoints") == checkpoints);
    CHECK(text_of(folder / "metrics.jsonl") == metrics);
  }
}

TEST_CASE("--resume on a folder without a checkpoint starts at step 0 and says so", "[train]") {
  const fs::path folder = new_path("run");
  const Outcome outcome = run(small_training(folder, {"train.samples=12", "run.log_every=1"}) + Words{"--resume"});
  CHECK_THAT(outcome, Exits(0) && Tells("step 0") && Tells(folder.string()));
  CHECK(json_lines_of(folder / "metrics.jsonl").front().at("step") == 1);
}

TEST_CASE("only the newest checkpoints are kept", "[train]") {
  const fs::path folder = new_path("run");
  REQUIRE_THAT(run(small_training(folder, {"checkpoint.every=1", "checkpoint.keep=2"})), Exits(0));
  CHECK(names_in(folder / "checkpoints") == Words{"best", "latest", "step-00000003", "step-00000004"});
}

TEST_CASE("a run folder is named after the run file, under FASTBOX_RUNS", "[train]") {
  const fs::path runs = new_path("runs");
  Words command = small_training("unused", {"train.samples=12"});
  command.erase(std::find(command.begin(), command.end(), "--run-dir"),
                std::find(command.begin(), command.end(), "unused") + 1);
  REQUIRE_THAT(run(command, {{"FASTBOX_RUNS", runs.string()}}), Exits(0));
  CHECK(names_in(runs) == Words{"kitti-small"});
}

}  // namespace
}  // namespace fastbox::test
