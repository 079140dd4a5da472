#include <catch2/catch.hpp>

#include "base/files.hpp"
#include "base/text.hpp"
#include "config/reference.hpp"
#include "config/resolved.hpp"
#include "config/schema.hpp"

using namespace fastbox;

// The tests run in the checkout's root.

TEST_CASE("configs/base.yaml is what the schema says", "[reference]") {
  INFO("stale: fastbox config keys --format yaml > configs/base.yaml");
  CHECK((read_file("configs/base.yaml") == config::keys_as_yaml()));
}

TEST_CASE("docs/configuration.md is what the schema says", "[reference]") {
  INFO("stale: fastbox config keys --format markdown > docs/configuration.md");
  CHECK((read_file("docs/configuration.md") == config::keys_as_markdown()));
}

TEST_CASE("the run files that ship load, name no data and say how to run", "[reference]") {
  std::size_t run_files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("configs")) {
    if (entry.path().extension() != ".yaml" || entry.path().filename() == "space.yaml")
      continue;  // scripts/sweep's own form
    ++run_files;
    INFO(entry.path());
    const auto run = config::load(entry.path());
    for (const auto& key : config::keys())
      if (key.group() == "data") CHECK(run.origins.at(key.name).find(".yaml") == std::string::npos);
  }
  CHECK(run_files >= 2);
}

TEST_CASE("base.yaml holds the defaults and kitti-vgg16.yaml is KittiBox's schedule", "[reference]") {
  const config::Settings defaults;
  const auto base = config::load("configs/base.yaml");
  CHECK(base.settings.train.samples == defaults.train.samples);
  CHECK(config::differences(base, config::load({})).empty());
  const auto vgg = config::load("configs/kitti-vgg16.yaml").settings;
  CHECK(vgg.train.samples == 700'000);
  CHECK(vgg.train.batch_per_rank == 5);
  CHECK(vgg.evaluation.every_samples == 10'000);
  CHECK(vgg.model.encoder == "vgg16");
  CHECK(vgg.model.width == 1248);
  CHECK(vgg.model.height == 384);
}

TEST_CASE("each form of the reference names every key", "[reference]") {
  for (const auto& key : config::keys()) {
    INFO(key.name);
    CHECK(config::keys_as_text().find("  " + key.name + " ") != std::string::npos);
    CHECK(config::keys_as_markdown().find("| `" + key.name + "` |") != std::string::npos);
    CHECK(config::keys_as_yaml().find(concat(" ", key.leaf(), ": ")) != std::string::npos);
  }
}
