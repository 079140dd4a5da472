#include "train/measured_rate.hpp"

#include <catch2/catch.hpp>

#include "base/files.hpp"
#include "base/text.hpp"
#include "config/resolved.hpp"
#include "support/support.hpp"

using namespace fastbox;

namespace {

/// A progress line: `rate` images a second over all ranks.
std::string line(int step, int samples, double rate, int ranks, double exposed) {
  return concat(R"({"step": )", step, R"(, "samples": )", samples, R"(, "images_per_second": )", rate, R"(, "ranks": )",
                ranks, R"(, "time": {"exposed_communication": )", exposed, "}}\n");
}

void write_run(const std::filesystem::path& folder, const config::RunConfig& config, const std::string& metrics) {
  write_file_atomically(folder / "config.yaml", config::to_yaml(config, /*with_origins=*/false));
  write_file_atomically(folder / "metrics.jsonl", metrics);
}

}  // namespace

TEST_CASE("one rank's rate is the run's without its exposed exchange", "[measured_rate]") {
  const test::ScratchFolder folder;
  const auto config = config::load({});
  // 20 images a step on two ranks in 2 s, of which 0.4 s are exposed: 10 images in 1.6 s. The first half is warming up.
  write_run(folder.path(), config,
            line(10, 200, 5, 2, 0.4) + line(20, 400, 6, 2, 0.4) + R"({"step": 20, "samples": 400, "ap": {}})" + "\n" +
                line(30, 600, 10, 2, 0.4) + line(40, 800, 10, 2, 0.4) + R"({"step": 50, "sam)");
  const auto measured = train::measured_rate(folder.path(), config);
  CHECK(measured.images_per_second == Approx(10 / 1.6));
  CHECK(measured.origin.find("metrics.jsonl") != std::string::npos);
}

TEST_CASE("no figure without a run of the same kind that tells its ranks", "[measured_rate]") {
  const test::ScratchFolder folder;
  const auto config = config::load({});
  const auto says = [&](const std::string& text) {
    const auto measured = train::measured_rate(folder.path(), config);
    INFO(measured.origin);
    CHECK(measured.images_per_second == 0);
    CHECK(measured.origin.find(text) != std::string::npos);
  };
  says("no run in");
  write_run(folder.path(), config::load({}, {"model.width=640"}), line(10, 200, 5, 2, 0));
  says("model.width was 640 there");
  write_run(folder.path(), config, R"({"step": 10, "samples": 200, "images_per_second": 5, "time": {}})");
  says("number of ranks");
  write_run(folder.path(), config, R"({"step": 10, "samples": 200, "images_per_second": 5, "ranks": 1})");
  says("metrics.jsonl");
  write_file_atomically(folder / "config.yaml", "train: [");
  says("config.yaml");
}
