#include <catch2/catch.hpp>

#include "config/yaml_tree.hpp"
#include "support/support.hpp"

using namespace fastbox;
using config::YamlNode;

namespace {

/// All that parse_yaml complains of, a line each.
std::string complaint(const std::string& text) {
  config::Problems problems;
  config::parse_yaml("x.yaml", text, problems);
  if (problems.empty()) return "";
  return test::caught([&] { problems.throw_if_any(); }).message;
}

}  // namespace

TEST_CASE("nodes know their kind, line and column", "[yaml_tree]") {
  config::Problems problems;
  const auto root = config::parse_yaml("x", "# head\na: 1\nb:\n  c: 'q'\n  d: [x,\n      y]\ne:\n", problems);
  REQUIRE(problems.empty());
  REQUIRE(root->kind == YamlNode::Kind::mapping);
  REQUIRE(root->entries.size() == 3);
  CHECK(root->entries[0].first->line == 2);
  CHECK(root->entries[0].second->column == 4);
  CHECK(!root->entries[0].second->quoted);
  const auto b = root->entries[1].second;
  CHECK(b->entries[0].first->line == 4);
  CHECK(b->entries[0].first->column == 3);
  CHECK(b->entries[0].second->quoted);
  CHECK(b->entries[1].second->items.at(1)->text == "y");
  CHECK(b->entries[1].second->items.at(1)->line == 6);
  CHECK(b->entries[1].second->items.at(1)->column == 7);
  CHECK(root->entries[2].second->kind == YamlNode::Kind::null);
}

TEST_CASE("an empty text and one of comments are nothing", "[yaml_tree]") {
  config::Problems problems;
  for (const auto* text : {"", "\n", "# only this\n", "---\n", "---\n...\n", "...\n"}) {
    const auto root = config::parse_yaml("x", text, problems);
    REQUIRE(root != nullptr);
    CHECK(root->kind == YamlNode::Kind::null);
  }
  CHECK(problems.empty());
}

TEST_CASE("syntax errors are named by line and column", "[yaml_tree]") {
  CHECK(complaint("a: 1\n b: 2\n").find("x.yaml:2:3: ") == 0);
  CHECK(complaint("a: [1, 2\nb: 3\n").find("x.yaml:") == 0);
  CHECK(complaint("a: 'open\n") == "x.yaml:1:9: a quote is not closed");
  CHECK(complaint("a: {b: 1") == "x.yaml:1:9: end of map flow not found");
  CHECK(complaint("a: [1, \"open").find("a quote is not closed") != std::string::npos);
  CHECK(complaint("a: 1\n---\nb: 2\n").find("x.yaml:3:1: a second document") == 0);
  CHECK(complaint("a: !!python/object 1\n").find("x.yaml:1:4: the tag") == 0);
  CHECK(complaint("a: 1\nb: 2\na: 3\n") == "x.yaml:3:1: 'a' is given twice, first in line 1");
  CHECK(complaint("[a]: 3\n").find("x.yaml:1:1: a key is a list") == 0);
  CHECK(complaint("~: 3\n").find("a key is nothing, expected a name") != std::string::npos);
}

TEST_CASE("aliases share a node", "[yaml_tree]") {
  config::Problems problems;
  const auto root = config::parse_yaml("x", "a: &v [1, 2]\nb: *v\n", problems);
  REQUIRE(problems.empty());
  CHECK(root->entries[0].second == root->entries[1].second);
  CHECK(complaint("a: &a [*a]\n").find("x.yaml:1:8: an alias within its own anchor") == 0);
  CHECK(complaint("a: *nowhere\n").find("x.yaml:1:") == 0);
}

TEST_CASE("aliases that explode are refused where they do", "[yaml_tree]") {
  // Written out, line i has 2^(i + 1) values: 8189 stand before line 12, and its first alias is 4095.
  std::string laughs = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 60; ++i) laughs += concat("a", i, ": &a", i, " [*a", i - 1, ", *a", i - 1, "]\n");
  CHECK(complaint(laughs) == "x.yaml:12:12: with its aliases written out, more than 10000 values: not a run file");

  // Few values, each of half a megabyte: what copies the list takes gigabytes.
  std::string texts = "a: [&a '" + std::string(200'000, 'x') + "'";
  for (int i = 0; i < 9000; ++i) texts += ", *a";
  CHECK(complaint(texts + "]\n").find("with its aliases written out, more than 1048576 bytes of text") !=
        std::string::npos);

  // Within the bounds: a hundred lists of a hundred.
  config::Problems problems;
  std::string fair = "a: &a [0";
  for (int i = 0; i < 90; ++i) fair += ", 1";
  fair += "]\nb: [*a";
  for (int i = 0; i < 90; ++i) fair += ", *a";
  CHECK(config::parse_yaml("x", fair + "]\n", problems) != nullptr);
  CHECK(problems.empty());
}

TEST_CASE("documents of many values or levels are refused", "[yaml_tree]") {
  std::string many = "a: [";
  for (int i = 0; i < 11'000; ++i) many += "1, ";
  CHECK(complaint(many + "]\n").find("more than 10000 values") != std::string::npos);

  CHECK(complaint(std::string(32, '[') + std::string(32, ']')).empty());
  CHECK(complaint(std::string(33, '[') + std::string(33, ']')) == "x.yaml:1:33: nested deeper than 32");
  for (const std::string level : {"[", "{", "? ", "- ", "{a: ", "[{a: "}) {
    std::string deep;
    while (deep.size() < 200'000) deep += level;
    CHECK(complaint(deep).find("nested deeper than 32") != std::string::npos);
  }
}
