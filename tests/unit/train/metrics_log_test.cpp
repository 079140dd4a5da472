#include <catch2/catch.hpp>

#include "base/files.hpp"
#include "io/event_file.hpp"
#include "support/support.hpp"
#include "train/metrics_log.hpp"

using namespace fastbox;

TEST_CASE("a resumed run's metrics have neither overlap nor hole", "[metrics_log]") {
  const test::ScratchFolder folder;
  const auto file = folder / "metrics.jsonl";
  {
    train::MetricsLog log(folder.path(), 0, -1);
    for (const int step : {20, 40, 60}) log.write({{"step", step}, {"loss", 1.5}});
  }
  write_file_atomically(file, read_file(file) + "{\"step\":80,\"lo");  // the machine died here
  train::MetricsLog resumed(folder.path(), 40, -1);
  resumed.write({{"step", 60}, {"loss", 1.25}});
  CHECK(read_file(file) == "{\"step\":20,\"loss\":1.5}\n{\"step\":40,\"loss\":1.5}\n{\"step\":60,\"loss\":1.25}\n");
}

TEST_CASE("an evaluation that the checkpoint does not know is done again, so its line goes", "[metrics_log]") {
  const test::ScratchFolder folder;
  const auto file = folder / "metrics.jsonl";
  {
    train::MetricsLog log(folder.path(), 0, -1);
    for (const int step : {20, 40}) {
      log.write({{"step", step}, {"loss", 1.5}});
      log.write({{"step", step}, {"ap", 5}});
    }
    log.finish();
  }
  train::MetricsLog resumed(folder.path(), 40, 20);
  CHECK(read_file(file) == "{\"step\":20,\"loss\":1.5}\n{\"step\":20,\"ap\":5}\n{\"step\":40,\"loss\":1.5}\n");
}

TEST_CASE("TensorBoard's events say the same, and are cut at the same places", "[metrics_log]") {
  const test::ScratchFolder folder;
  const auto file = folder / "events.out.tfevents.0.fastbox";
  {
    train::MetricsLog log(folder.path(), 0, -1);
    for (const int step : {20, 40, 60}) {
      log.write({{"step", step}, {"samples", 8 * step}, {"loss", 1.5}, {"losses", {{"box", 0.25}}}, {"name", "text"}});
      log.write({{"step", step}, {"samples", 8 * step}, {"ap", {{"car", {{"easy", {{"ap40", 5}}}}}}}});
    }
  }
  write_file_atomically(file, read_file(file) + std::string("\x40\0\0", 3));  // the machine died here
  train::MetricsLog(folder.path(), 40, 20).write({{"step", 60}, {"loss", 1.25}});
  const std::string bytes = read_file(file);
  std::vector<std::string> told;
  for (const auto& event : io::parse_events(bytes)) {
    std::string text = event.is_version ? "version" : concat(event.step);
    for (const auto& [tag, value] : event.scalars) text += concat(' ', tag, '=', value);
    told.push_back(text);
  }
  CHECK(told == std::vector<std::string>{"version", "20 samples=160 loss=1.5 losses/box=0.25", "20 ap/car/easy/ap40=5",
                                         "40 samples=320 loss=1.5 losses/box=0.25", "60 loss=1.25"});
}

TEST_CASE("histograms are cut where steps are, pictures where evaluations are", "[metrics_log]") {
  const test::ScratchFolder folder;
  {
    train::MetricsLog log(folder.path(), 0, -1);
    const io::Histogram histogram{-1, 2, 1, 2, 4, {-1, 3}, {0, 1}};
    for (const int step : {20, 40, 60}) {
      log.write_gradient(step, {{"a.weight", histogram}, {"a.bias", histogram}});
      log.write_detections(step, {{"000007", {4, 2, "png"}}});
      log.write_gradient(step, {});
      log.write_detections(step, {});
    }
  }
  train::MetricsLog(folder.path(), 40, 20).finish();
  const std::string bytes = read_file(folder / "events.out.tfevents.0.fastbox");
  std::vector<std::string> told;
  for (const auto& event : io::parse_events(bytes)) told.push_back(concat(event.step, ' ', join(event.tags, " ")));
  CHECK(told == std::vector<std::string>{"0 ", "20 gradient/a.weight gradient/a.bias", "20 detections/000007",
                                         "40 gradient/a.weight gradient/a.bias"});
}
