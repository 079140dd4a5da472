#include "report/run_entries.hpp"

#include <catch2/catch.hpp>

#include "config/resolved.hpp"

using namespace fastbox;
using namespace fastbox::report;

TEST_CASE("a resolved run file is read as keys, values and origins", "[run_entries]") {
  const auto entries = run_entries(
      "data:\n  root: \"/a # b/\\\" # c\"      # --set\n  train: 'it''s # it'   # a.yaml:3\ntrain:\n"
      "  name: it's   # b.yaml:4\n  list: [\"x # y\", z]  # c # d.yaml:5\n  bare: 7\n");
  REQUIRE(entries.size() == 5);
  CHECK(entries[0].key == "data.root");
  CHECK(entries[0].value == "\"/a # b/\\\" # c\"");
  CHECK(entries[0].origin == "--set");
  CHECK(entries[1].value == "'it''s # it'");
  CHECK(entries[1].origin == "a.yaml:3");
  CHECK(entries[2].key == "train.name");
  CHECK(entries[2].value == "it's");
  CHECK(entries[3].value == "[\"x # y\", z]");
  CHECK(entries[3].origin == "c # d.yaml:5");
  CHECK(entries[4].value == "7");
  CHECK(entries[4].origin.empty());
}

TEST_CASE("every key that config writes is found with its origin", "[run_entries]") {
  const auto config = config::load("", {"data.root=/tmp/a # b's \"c\"", "targets.ignored=[Tram, \"a # b\"]"});
  const auto entries = run_entries(config::to_yaml(config, true));
  std::size_t own = 0;
  for (const auto& entry : entries) {
    INFO(entry.key);
    REQUIRE(config.origins.count(entry.key) == 1);
    CHECK(entry.origin == config.origins.at(entry.key));
    own += entry.origin == "--set" ? 1 : 0;
  }
  CHECK(own == 2);
  CHECK(entries.size() > 60);
}

TEST_CASE("keys that differ between runs", "[run_entries]") {
  std::vector<RunRecord> runs(3);
  runs[0].config_text = "a:\n  same: 1  # x\n  other: 2\n";
  runs[1].config_text = "a:\n  same: 1  # y\n  other: 3\n  new: 4\n";
  runs[2].config_text = "a:\n  same: 1\n  other: 2\n";
  const auto all = differing_entries(runs);
  REQUIRE(all.size() == 2);
  CHECK(all[0].key == "a.other");
  CHECK(all[0].values == std::vector<std::string>{"2", "3", "2"});
  CHECK(all[1].key == "a.new");
  CHECK(all[1].values == std::vector<std::string>{"", "4", ""});
}
