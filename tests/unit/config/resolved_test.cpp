#include <catch2/catch.hpp>

#include "base/files.hpp"
#include "config/resolved.hpp"
#include "config/schema.hpp"
#include "support/support.hpp"

using namespace fastbox;
using config::load;

namespace {

/// What load() makes of the resolved text.
config::RunConfig again(const config::RunConfig& run, bool with_origins) {
  const test::ScratchFolder folder;
  write_file_atomically(folder / "config.yaml", config::to_yaml(run, with_origins));
  return load(folder.path());
}

}  // namespace

TEST_CASE("a resolved run file loads to the same settings", "[resolved]") {
  const std::vector<std::vector<std::string>> cases = {
      {},
      {"train.steps=10", "train.batch=4", "evaluation.every=5", "checkpoint.every=7"},
      {"evaluation.every_samples=0", "checkpoint.every=0"},
      {"data.root=/a \"b\" #c: \\d\te", "optimizer.learning_rate=0.1234567890123456789", "data.cache=off"},
      {"targets.positives=['a, b', \"c: #d\", yes]", "augmentation.contrast=[1e-7, 3.3333333333333335]",
       "run.seed=9007199254740991", "evaluation.whole_pixels=false"},
  };
  for (const auto& overrides : cases) {
    const auto run = load({}, overrides);
    for (const bool with_origins : {false, true}) {
      const auto back = again(run, with_origins);
      for (const auto& [key, a, b] : config::differences(run, back)) FAIL_CHECK(key << ": " << a << " -> " << b);
      CHECK(config::fingerprint(back) == config::fingerprint(run));
    }
  }
}

TEST_CASE("only the chosen alternative is printed, with its origin", "[resolved]") {
  const auto text = config::to_yaml(load({}, {"train.steps=10"}), true);
  CHECK(text.find("\n  steps: 10                             # --set\n") != std::string::npos);
  CHECK(text.find("samples: 700000") == std::string::npos);
  CHECK(text.find("\n  samples: 0") == std::string::npos);
  CHECK(text.find("\n  batch_per_rank: 5                     # default\n") != std::string::npos);
  CHECK(config::to_yaml(load({}), false).find('#') == std::string::npos);
}

TEST_CASE("every key is printed once or replaced", "[resolved]") {
  const auto text = config::to_yaml(load({}), false);
  std::size_t lines = 0;
  for (const char c : text) lines += c == '\n';
  CHECK(lines == config::keys().size() + config::groups().size() - 4);
}

TEST_CASE("a file name cannot break out of its comment", "[resolved]") {
  const test::ScratchFolder folder;
  write_file_atomically(folder / "a\nrun: {seed: 5}\n.yaml", "run: {seed: 3}\n");
  CHECK(again(load(folder / "a\nrun: {seed: 5}\n.yaml"), true).settings.run.seed == 3);
}

TEST_CASE("fingerprints tell values, not their origin", "[resolved]") {
  const auto plain = config::fingerprint(load({}));
  CHECK(plain.size() == 64);
  CHECK(config::fingerprint(load({}, {"run.seed=1", "optimizer.learning_rate=0.00001"})) == plain);
  CHECK(config::fingerprint(load({}, {"run.seed=2"})) != plain);
  CHECK(config::fingerprint(load({}, {"optimizer.learning_rate=1.000000000000001e-5"})) != plain);
  CHECK(config::fingerprint(load({}, {"targets.positives=['Car, Van']"})) != plain);
}

TEST_CASE("differences name key and both values", "[resolved]") {
  const auto found = config::differences(load({}), load({}, {"train.steps=3", "optimizer.name=sgd"}));
  REQUIRE(found.size() == 3);
  CHECK(found[0].key == "train.samples");
  CHECK(found[0].a == "700000");
  CHECK(found[0].b == "0");
  CHECK(found[1].key == "train.steps");
  CHECK(found[2].key == "optimizer.name");
  CHECK(found[2].b == "sgd");
}
