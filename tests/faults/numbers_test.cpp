// NaN and an exploding loss: exit code 5, and a capsule by which the step can be run again to the same numbers.

#include <functional>

#include "base/files.hpp"
#include "base/text.hpp"
#include "faults/tiny_run.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

constexpr int steps = 60, data_error = 3, other_numbers = 5;

/// Ends with 5; the only capsule.
fs::path capsule_of(int ranks, const Words& more, const std::string& message) {
  const fs::path folder = new_path("run");
  const Outcome outcome = run(on(ranks, tiny_training(folder, steps, more)));
  REQUIRE_THAT(outcome, Exits(other_numbers) && Tells(message) && Tells("fastbox train --replay"));
  const Words capsules = names_in(folder / "capsules");
  REQUIRE(capsules.size() == 1);
  CHECK(last_logged_step(folder) + 1 == std::stoll(capsules[0].substr(5)));
  return folder / "capsules" / capsules[0];
}

const Words absurd = {"optimizer.name=sgd", "optimizer.learning_rate=1e30", "optimizer.clip_norm=0"};
const Words limited = {"train.loss_limit=0.8"};  // which a loss passes soon that falls no faster than this one

Words replay(const fs::path& capsule) {
  return fastbox({"train", "--replay", capsule.string()});
}

TEST_CASE("a loss that is not finite ends the run, and replays on any number of ranks", "[numbers]") {
  for (const int ranks : {1, 2}) {
    const fs::path capsule = capsule_of(ranks, absurd, "not finite");
    for (const int now : {1, 2, 3}) {
      INFO("of " << ranks << " ranks, replayed on " << now);
      const Outcome outcome = run(on(now, replay(capsule)));
      CHECK_THAT(outcome, Exits(0));
      CHECK(outcome.out.find("the same numbers") != std::string::npos);
    }
  }
}

TEST_CASE("a loss that explodes ends the run, and replays on any number of ranks", "[numbers]") {
  for (const int ranks : {1, 3}) {
    const fs::path capsule = capsule_of(ranks, limited, "train.loss_limit");
    CHECK(json_of(capsule / "capsule.json").at("step") > 10);
    for (const int now : {1, 2, 3}) {
      INFO("of " << ranks << " ranks, replayed on " << now);
      const Outcome outcome = run(on(now, replay(capsule)));
      CHECK_THAT(outcome, Exits(0));
      CHECK(outcome.out.find("the same numbers") != std::string::npos);
    }
  }
}

TEST_CASE("the step that was kept is not part of the run: with a higher limit it goes on to the same bits",
          "[numbers]") {
  const fs::path whole = new_path("whole"), folder = new_path("run");
  REQUIRE_THAT(run(tiny_training(whole, steps)), Exits(0));
  REQUIRE_THAT(run(tiny_training(folder, steps, Words{"checkpoint.every=3"} + limited)), Exits(other_numbers));
  REQUIRE(newest_saved_step(folder) >= 3);
  REQUIRE_THAT(run(tiny_training(folder, steps, {"checkpoint.every=3", "train.loss_limit=0"}) + Words{"--resume"}),
               Exits(0));
  check_same(trace_of(folder), trace_of(whole));
}

void flip_bit(const fs::path& file, std::size_t at, int bit) {
  std::string bytes = text_of(file);
  REQUIRE(at < bytes.size());
  bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
  DataCopy::replace(file, bytes);
}

/// What is done to a capsule; the replay must end with one of the codes.
struct Damage {
  std::string name;
  std::function<void(const fs::path&)> make;
  std::vector<int> codes;
};

std::vector<Damage> damages() {
  std::vector<Damage> all;
  const Words files = {"capsule.json", "config.yaml", "parameters.safetensors", "batch-0000.safetensors"};
  for (const auto& file : files) {
    all.push_back({file + " is missing", [=](const fs::path& c) { fs::remove(c / file); }, {2, data_error}});
    all.push_back({file + " is empty", [=](const fs::path& c) { DataCopy::replace(c / file, ""); }, {2, data_error}});
    all.push_back({file + " is cut to a third",
                   [=](const fs::path& c) {
                     const std::string bytes = text_of(c / file);
                     DataCopy::replace(c / file, bytes.substr(0, bytes.size() / 3));
                   },
                   {2, data_error, other_numbers}});
  }
  // The last value of a tensor file is that of its last tensor: a mask, and the decoder's.
  all.push_back({"a bit of an image is flipped",
                 [](const fs::path& c) {
                   const fs::path file = c / "batch-0000.safetensors";
                   flip_bit(file, fs::file_size(file) - 20001, 6);
                 },
                 {data_error, other_numbers}});
  for (int i = 1; i <= 6; ++i)  // the exponents of floats here and there
    all.push_back(
        {concat("a bit of the parameters is flipped: ", i),
         [=](const fs::path& c) {
           const fs::path file = c / "parameters.safetensors";
           flip_bit(file, fs::file_size(file) / 28 * static_cast<std::size_t>(4 * i) - 1 - fs::file_size(file) % 4, 6);
         },
         {0, data_error, other_numbers}});
  for (const std::size_t at : {0, 7, 8, 9, 40})
    all.push_back({concat("a bit of a tensor file's header is flipped: ", at),
                   [=](const fs::path& c) { flip_bit(c / "batch-0000.safetensors", at, 1); },
                   {data_error}});
  const std::pair<const char*, nlohmann::json> wrong[] = {
      {"images", 5},  {"images", -1},     {"images", 1000000}, {"shards", -6},       {"ranks", 2},  {"ranks", -1},
      {"threads", 0}, {"threads", "two"}, {"samples", -3},     {"numbers", nullptr}, {"format", 99}};
  for (const auto& [key, value] : wrong)
    all.push_back({concat("capsule.json says ", key, ": ", value.dump()),
                   [key = std::string(key), value](const fs::path& c) {
                     auto json = json_of(c / "capsule.json");
                     json[key] = value;
                     DataCopy::replace(c / "capsule.json", json.dump());
                   },
                   {2, data_error, other_numbers}});
  return all;
}

TEST_CASE("a damaged capsule is refused or gives other numbers", "[capsule_damaged]") {
  const fs::path capsule = capsule_of(1, limited, "train.loss_limit");
  int refused = 0, other = 0;
  for (const auto& one : damages()) {
    const fs::path copy = new_path("capsule");
    fs::copy(capsule, copy, fs::copy_options::recursive);
    one.make(copy);
    const Outcome outcome = run(replay(copy));
    INFO(one.name << ": " << outcome);
    CHECK(std::count(one.codes.begin(), one.codes.end(), outcome.exit_code) == 1);
    if (outcome.exit_code != 0) CHECK_FALSE(outcome.err.empty());
    if (outcome.exit_code == data_error) ++refused;
    if (outcome.exit_code == other_numbers) ++other;
  }
  CHECK(refused > 5);
  CHECK(other > 2);
  CHECK_THAT(run(replay(capsule)), Exits(0));  // the copies' damage was what they were refused for
  CHECK_THAT(run(replay(new_path("nowhere"))), Exits(data_error));
}

}  // namespace
}  // namespace fastbox::test
