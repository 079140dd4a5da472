// fastbox train --dry-run: without data, ranks or a run folder, and docs/scaling.md as it prints it.

#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/workplace.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

constexpr int usage = 2;

Words dry(const Words& more) {
  return fastbox({"train", "configs/kitti-small.yaml", "--dry-run"}) + more;
}

TEST_CASE("a dry run needs no data and leaves nothing behind", "[dry_run]") {
  const fs::path folder = new_path("run");
  const Outcome outcome = run(dry({"--run-dir", folder.string(), "--ranks", "2", "--set", "run.device=cuda"}),
                              {{"CUDA_VISIBLE_DEVICES", ""}});
  CHECK_THAT(outcome, Exits(0));
  for (const char* text : {"batch               4 images a step, 2 a rank", "steps               9000",
                           "epochs              5.14 of 7000 frames", "warm-up of 400 samples (100 steps)", "gradients",
                           "ring", "tree", "exposed", "efficiency", "unknown: no run in"}) {
    INFO(text);
    CHECK(outcome.out.find(text) != std::string::npos);
  }
  CHECK(outcome.err.empty());
  CHECK_FALSE(fs::exists(folder));
}

TEST_CASE("a dry run refuses what a run refuses", "[dry_run]") {
  CHECK_THAT(run(dry({"--set", "model.height=100"})), Exits(usage) && Tells("model.height"));
  CHECK_THAT(run(dry({"--set", "train.sampels=1"})), Exits(usage) && Tells("did you mean"));
  CHECK_THAT(run(dry({"--ranks", "1,2,8"})), Exits(usage) && Tells("train.batch") && Tells("8 ranks"));
  CHECK_THAT(run(dry({"--set", "model.weights=no/such.safetensors"})), Exits(3) && Tells("no/such.safetensors"));
  CHECK_THAT(run(dry({"--ranks", "0"})), Exits(usage) && Tells("--ranks"));
  CHECK_THAT(run(dry({"--bandwidth", "0"})), Exits(usage) && Tells("--bandwidth"));
  CHECK_THAT(run(fastbox({"train", "configs/kitti-small.yaml", "--ranks", "2"})), Exits(usage) && Tells("--dry-run"));
}

TEST_CASE("every figure as JSON, from a given rate and network", "[dry_run]") {
  const Outcome outcome = run(dry({"--ranks", "1,4", "--images-per-second", "8", "--bandwidth", "0.1", "--latency",
                                   "50", "--jitter", "0", "--algorithm", "ring", "--json", "-"}));
  REQUIRE_THAT(outcome, Exits(0));
  const auto json = nlohmann::json::parse(outcome.out);
  REQUIRE(json.at("predictions").size() == 2);
  const auto &one = json["predictions"][0], &four = json["predictions"][1];
  CHECK(one["step_seconds"] == Approx(0.5));
  CHECK(one["efficiency"] == Approx(1));
  // The run file's batch of 4 is one image a rank; 6 messages of a quarter of each bucket.
  CHECK(four["images_per_rank"] == 1);
  const double bytes = one["memory_bytes"]["gradients"].get<double>();
  const double latency = four["exchange_seconds"]["ring"].get<double>() - 1.5 * bytes / 0.1e9;
  const double buckets = latency / (6 * 50e-6);
  CHECK(buckets == Approx(std::round(buckets)));
  CHECK(buckets >= 3);
  CHECK(four["step_seconds"].get<double>() == Approx(1.0 / 8 + four["exchange_seconds"]["exposed"].get<double>()));
  CHECK(json["assumptions"]["images_per_second"] == 8);
}

TEST_CASE("the rate of an earlier run in the folder, and the frames of a list", "[dry_run]") {
  const auto& learned = learned_run();
  const auto before = digests_of(learned);
  const Outcome outcome = run(fastbox(
      {"train", (learned / "config.yaml").string(), "--dry-run", "--run-dir", learned.string(), "--json", "-"}));
  REQUIRE_THAT(outcome, Exits(0));
  const auto assumptions = nlohmann::json::parse(outcome.out).at("assumptions");
  CHECK(assumptions["rate_origin"] == "measured, " + (learned / "metrics.jsonl").string());
  CHECK(assumptions["images_per_second"] > 0);
  CHECK(assumptions["frames"] == 3);
  CHECK(digests_of(learned) == before);
}

/// The fenced blocks of docs/scaling.md that begin with a command line: "$ fastbox ...", then what it prints.
std::vector<std::pair<std::string, std::string>> blocks_of(const std::string& text) {
  std::vector<std::pair<std::string, std::string>> blocks;
  std::size_t begin = 0;
  while ((begin = text.find("```\n$ fastbox ", begin)) != std::string::npos) {
    begin += 4;
    const std::size_t line_end = text.find('\n', begin), end = text.find("```", begin);
    blocks.emplace_back(text.substr(begin + 2, line_end - begin - 2), text.substr(line_end + 1, end - line_end - 1));
    begin = end + 3;
  }
  return blocks;
}

TEST_CASE("docs/scaling.md is what the program prints", "[dry_run]") {
  const auto blocks = blocks_of(read_file("docs/scaling.md"));
  REQUIRE(blocks.size() >= 3);
  for (const auto& [command, printed] : blocks) {
    INFO("stale: scripts/predict-scaling");
    INFO(command);
    Words words;
    for (const auto word : split_columns(command)) words.emplace_back(word);
    words.erase(words.begin());
    const Outcome outcome = run(fastbox(words));
    REQUIRE_THAT(outcome, Exits(0));
    CHECK(outcome.out == printed);
  }
}

}  // namespace
}  // namespace fastbox::test
