#include <catch2/catch.hpp>

#include "base/files.hpp"
#include "support/support.hpp"
#include "train/metrics_log.hpp"

using namespace fastbox;

TEST_CASE("a resumed run's metrics have neither overlap nor hole", "[metrics_log]") {
  const test::ScratchFolder folder;
  const auto file = folder / "metrics.jsonl";
  {
    train::MetricsLog log(file, 0, -1);
    for (const int step : {20, 40, 60}) log.write({{"step", step}, {"loss", 1.5}});
  }
  write_file_atomically(file, read_file(file) + "{\"step\":80,\"lo");  // the machine died here
  train::MetricsLog resumed(file, 40, -1);
  resumed.write({{"step", 60}, {"loss", 1.25}});
  CHECK(read_file(file) == "{\"step\":20,\"loss\":1.5}\n{\"step\":40,\"loss\":1.5}\n{\"step\":60,\"loss\":1.25}\n");
}

TEST_CASE("an evaluation that the checkpoint does not know is done again, so its line goes", "[metrics_log]") {
  const test::ScratchFolder folder;
  const auto file = folder / "metrics.jsonl";
  {
    train::MetricsLog log(file, 0, -1);
    for (const int step : {20, 40}) {
      log.write({{"step", step}, {"loss", 1.5}});
      log.write({{"step", step}, {"ap", 5}});
    }
    log.finish();
  }
  train::MetricsLog resumed(file, 40, 20);
  CHECK(read_file(file) == "{\"step\":20,\"loss\":1.5}\n{\"step\":20,\"ap\":5}\n{\"step\":40,\"loss\":1.5}\n");
}
