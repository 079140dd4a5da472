#include <catch2/catch.hpp>

#include "io/json_text.hpp"
#include "support/support.hpp"

using namespace fastbox;

namespace {

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

std::string refusal(const std::string& text) {
  const auto error = test::caught([&] { io::parse_json(text, "made"); });
  CHECK(error.code == ExitCode::data);
  CHECK(error.message.size() < 400);
  return error.message;
}

}  // namespace

TEST_CASE("JSON is read to a bounded depth", "[json_text]") {
  CHECK(io::parse_json(R"({"a": [1, 2]})", "made")["a"][1] == 2);
  CHECK(io::parse_json(nested(io::deepest_json), "made").is_array());
  CHECK(refusal(nested(io::deepest_json + 1)) == "made: is no JSON of ours: line 1 nests deeper than 32");
  CHECK(refusal(nested(1'000'000)).find("nests deeper") != std::string::npos);
  CHECK(refusal(std::string(1'000'000, '[')).find("nests deeper") != std::string::npos);
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  CHECK(refusal(objects).find("nests deeper") != std::string::npos);
}

TEST_CASE("brackets in strings do not nest", "[json_text]") {
  CHECK(io::parse_json("\"" + std::string(1000, '[') + "\"", "made").is_string());
  CHECK(io::parse_json(R"(["\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\"])", "made").size() == 1);
  CHECK(io::parse_json(R"({"\\": [[]], "[": "]"})", "made").size() == 2);
}

TEST_CASE("what is no JSON is named, shortly", "[json_text]") {
  CHECK(refusal("").find("made: is no JSON: ") == 0);
  CHECK(refusal("[1,]").find("made: is no JSON: ") == 0);
  CHECK(refusal("[\"" + std::string(1'000'000, 'x')).find("made: is no JSON: ") == 0);
  CHECK(refusal("1e999").find("made: is no JSON: ") == 0);
}

TEST_CASE("values are described in a few words", "[json_text]") {
  CHECK(io::describe(4.5) == "4.5");
  CHECK(io::describe("x") == "\"x\"");
  CHECK(io::describe({1, 2}) == "[1,2]");
  CHECK(io::describe(nlohmann::json::array({nlohmann::json::array()})) == "an array");
  CHECK(io::describe(nlohmann::json::object()) == "an object");
  CHECK(io::describe(std::string(1'000'000, 'x')).size() < 100);
  CHECK(io::describe(std::vector<int>(1'000'000, 1)) == "an array");
}
