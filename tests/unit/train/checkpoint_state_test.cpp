#include <catch2/catch.hpp>

#include "support/support.hpp"
#include "train/checkpoint_state.hpp"

using namespace fastbox;
using namespace fastbox::train;
using Json = nlohmann::ordered_json;

namespace {

CheckpointState some_state() {
  CheckpointState state;
  state.step = 30, state.samples = 240, state.optimizer_steps = 30;
  state.threads = 2, state.ranks = 3, state.shards = 6;
  state.exchange = "shared";
  state.seed = 7, state.frames = 100;
  state.buckets = {1024, 8192};
  state.loss_count = 30, state.loss_mean = 0.1;
  state.replaced_samples = 4, state.failed_evaluations = 1;
  state.history = {{{"step", 10}, {"samples", 80}, {"ap", {{"car", {{"moderate", {{"ap40", 12.5}}}}}}}}};
  return state;
}

/// The error for state.json with one value replaced.
test::Caught refused(const std::string& key, const Json& value) {
  Json json = Json::parse(format_state(some_state()));
  json[key] = value;
  return test::caught([&] { parse_state(json.dump(), "RUN/state.json"); });
}

Json entry(std::int64_t step, const Json& ap40) {
  return {{"step", step}, {"samples", 8 * step}, {"ap", {{"car", {{"moderate", {{"ap40", ap40}}}}}}}};
}

}  // namespace

TEST_CASE("a state is read back as it was", "[checkpoint_state]") {
  const CheckpointState state = some_state();
  const std::string text = format_state(state);
  CHECK(format_state(parse_state(text, "state.json")) == text);
  const Json json = Json::parse(text);
  CHECK(json["epoch"] == 2);
  CHECK(json["cursor"] == 40);
}

TEST_CASE("format 1 is read, a later one refused by name", "[checkpoint_state]") {
  const auto old = parse_state(R"({"format":1,"step":20,"samples":160,"optimizer_steps":20,"threads":2,"history":[]})",
                               "state.json");
  CHECK(old.step == 20);
  CHECK(old.threads == 2);
  CHECK(old.ranks == 0);  // not told
  const auto later = refused("format", checkpoint_format + 1);
  CHECK(later.code == ExitCode::data);
  CHECK((later.mentions("RUN/state.json") && later.mentions(concat("format ", checkpoint_format + 1))));
  CHECK(refused("format", 0).code == ExitCode::data);
}

TEST_CASE("values that cannot be are refused, with the file's name", "[checkpoint_state]") {
  const std::vector<std::pair<std::string, Json>> wrong = {{"step", -1},
                                                           {"step", 1.5},
                                                           {"step", "30"},
                                                           {"step", true},
                                                           {"samples", 1e300},
                                                           {"ranks", 0},
                                                           {"frames", 0},
                                                           {"epoch", 3},
                                                           {"cursor", 41},
                                                           {"buckets", {0}},
                                                           {"buckets", {"x"}},
                                                           {"history", Json::object()},
                                                           {"threads", 1LL << 40},
                                                           {"history", {entry(31, 5)}},
                                                           {"samples", 18446744073709551615ULL},
                                                           {"loss_mean", "low"},
                                                           {"exchange", 5}};
  for (const auto& [key, value] : wrong) {
    INFO(key << " = " << value.dump());
    const auto caught = refused(key, value);
    CHECK(caught.code == ExitCode::data);
    CHECK(caught.mentions("RUN/state.json"));
  }
}

TEST_CASE("texts that nest without end are refused", "[checkpoint_state]") {
  const std::string deep(1 << 20, '[');
  CHECK(test::caught([&] { parse_state(deep, "state.json"); }).mentions("nested too deeply"));
  CHECK(test::caught([&] { parse_manifest(deep, "manifest.json"); }).code == ExitCode::data);
}

TEST_CASE("a manifest names the checkpoint's files and no other", "[checkpoint_state]") {
  Manifest manifest;
  for (const auto& name : checkpoint_files()) manifest[name] = {17, std::string(64, 'a')};
  const std::string text = format_manifest(manifest);
  CHECK(format_manifest(parse_manifest(text, "manifest.json")) == text);

  const auto refuses = [](Json json) {
    return test::caught([&] { parse_manifest(json.dump(), "manifest.json"); }).code == ExitCode::data;
  };
  const Json good = Json::parse(text);
  Json more = good, fewer = good, upper = good, negative = good, extra = good;
  more["../../etc/passwd"] = good["state.json"];
  fewer.erase("config.yaml");
  upper["state.json"]["sha256"] = std::string(64, 'A');
  negative["state.json"]["bytes"] = -1;
  extra["state.json"]["url"] = "x";
  for (const auto& json : {more, fewer, upper, negative, extra, Json::array(), Json()}) CHECK(refuses(json));
}

TEST_CASE("names of step folders", "[checkpoint_state]") {
  CHECK(step_folder_name(2000) == "step-00002000");
  CHECK(step_of("step-00002000") == 2000);
  CHECK(step_of(step_folder_name(123456789012)) == 123456789012);
  for (const char* other : {"latest", "step-", "step-1", "step-00002000.incomplete-7", "step-0000200x", "best"})
    CHECK(step_of(other) == -1);
}

TEST_CASE("the best of the saved steps is the one of the highest moderate AP40", "[checkpoint_state]") {
  const Json history = {entry(10, 20.0), entry(20, 50.0), entry(30, 40.0), entry(40, nullptr), entry(50, 40.0)};
  CHECK(best_step(history, "car", {10, 20, 30, 40, 50}) == 20);
  CHECK(best_step(history, "car", {10, 30, 50}) == 50);
  CHECK(best_step(history, "car", {40}) == -1);
  CHECK(best_step(history, "cyclist", {10, 20}) == -1);
  CHECK(best_step(Json::array(), "car", {10}) == -1);
}
