#include <catch2/catch.hpp>
#include <limits>

#include "config/value.hpp"

using namespace fastbox::config;

namespace {

/// The problem of reading `yaml` into the key, or "" and the member is set.
std::string read(const std::string& name, const std::string& yaml, Settings& settings) {
  Problems problems;
  const auto node = parse_yaml("t", yaml, problems);
  REQUIRE(node != nullptr);
  const auto problem = read_value(*find_key(name), *node, settings);
  return problem ? problem->message : "";
}

std::string problem_of(const std::string& name, const std::string& yaml) {
  Settings settings;
  return read(name, yaml, settings);
}

}  // namespace

TEST_CASE("values of every type are read", "[value]") {
  Settings s;
  CHECK(read("optimizer.learning_rate", "1e-4", s).empty());
  CHECK(s.optimizer.learning_rate == 1e-4);
  CHECK(read("optimizer.learning_rate", ".5", s).empty());
  CHECK(s.optimizer.learning_rate == 0.5);
  CHECK(read("optimizer.learning_rate", "2", s).empty());
  CHECK(s.optimizer.learning_rate == 2);
  CHECK(read("train.samples", "9007199254740991", s).empty());
  CHECK(s.train.samples == 9007199254740991);
  CHECK(read("model.hidden", "64", s).empty());
  CHECK(s.model.hidden == 64);
  CHECK(read("evaluation.whole_pixels", "false", s).empty());
  CHECK(!s.evaluation.whole_pixels);
  CHECK(read("data.cache", "off", s).empty());
  CHECK(s.data.cache == "off");
  CHECK(read("data.train", "000123", s).empty());
  CHECK(s.data.train == "000123");
  CHECK(read("targets.positives", "[Van, 'Person sitting']", s).empty());
  CHECK(s.targets.positives == std::vector<std::string>{"Van", "Person sitting"});
  CHECK(read("targets.ignored", "[]", s).empty());
  CHECK(s.targets.ignored.empty());
  CHECK(read("augmentation.contrast", "[0.5, 2]", s).empty());
  CHECK(s.augmentation.contrast == std::vector<double>{0.5, 2});
}

TEST_CASE("what is no decimal number or boolean is refused", "[value]") {
  for (const auto* text :
       {"nan", ".nan", "inf", ".inf", "1e999", "0x10", "1_000", "1,5", "5e", "'5'", "fast", "[1]", "{a: 1}"}) {
    INFO(text);
    CHECK(problem_of("optimizer.learning_rate", text).find("expected a number above 0, found") != std::string::npos);
  }
  for (const auto* text : {"1_000", "1.0", "1e-3", "1.5e3", "1e30", "9007199254740993", "99999999999999999999", "-1",
                           "'5'", "0x10", "true"}) {
    INFO(text);
    CHECK(problem_of("train.samples", text).find("expected an integer at least 0, found") != std::string::npos);
  }
  for (const auto* text : {"yes", "no", "on", "True", "TRUE", "1", "'true'"}) {
    INFO(text);
    CHECK(problem_of("evaluation.whole_pixels", text).find("expected true or false, found") != std::string::npos);
  }
}

TEST_CASE("a refused value leaves the member as it was", "[value]") {
  Settings s;
  CHECK(!read("targets.positives", "[Car, [Van]]", s).empty());
  CHECK(s.targets.positives == std::vector<std::string>{"Car", "Van"});
  CHECK(!read("augmentation.contrast", "[0.1, x]", s).empty());
  CHECK(s.augmentation.contrast == std::vector<double>{0.75, 1.25});
  CHECK(!read("model.hidden", "3000000000", s).empty());
  CHECK(s.model.hidden == 500);
}

TEST_CASE("ranges, choices and lists are checked", "[value]") {
  CHECK(problem_of("model.width", "1250") ==
        "model.width: expected an integer from 32 to 8192, a multiple of 32, found '1250'");
  CHECK(problem_of("model.width", "0").find("found '0'") != std::string::npos);
  CHECK(problem_of("model.dropout", "1") == "model.dropout: expected a number at least 0 and below 1, found '1'");
  CHECK(problem_of("model.dropout", "0").empty());
  CHECK(problem_of("optimizer.learning_rate", "0") == "optimizer.learning_rate: expected a number above 0, found '0'");
  CHECK(problem_of("run.device", "gpu") ==
        "run.device: expected one of auto, cpu, cuda, found 'gpu'; did you mean 'cpu'?");
  CHECK(problem_of("optimizer.name", "lamb-of-god") ==
        "optimizer.name: expected one of adam, adamw, sgd, lars, lamb, found 'lamb-of-god'");
  CHECK(problem_of("augmentation.contrast", "[1.25, 0.75]") ==
        "augmentation.contrast: expected two numbers [low, high], each at least 0, found [1.25, 0.75], whose "
        "first is "
        "the higher");
  CHECK(problem_of("augmentation.contrast", "[1]").find("found [1]") != std::string::npos);
  CHECK(problem_of("augmentation.contrast", "[1, 2, 3]").find("found [1, 2, 3]") != std::string::npos);
  CHECK(problem_of("augmentation.contrast", "[-1, 2]").find("each at least 0") != std::string::npos);
  CHECK(problem_of("augmentation.contrast", "1").find("expected two numbers") != std::string::npos);
  CHECK(problem_of("targets.positives", "Car") == "targets.positives: expected a list of texts, found 'Car'");
  CHECK(problem_of("targets.positives", "[]").find("the list is empty") != std::string::npos);
  CHECK(problem_of("targets.positives", "[Car, Car]") == "targets.positives: 'Car' is listed twice");
  CHECK(problem_of("model.weights", "~").find("nothing here") != std::string::npos);
}

TEST_CASE("a bad item of a list is located itself", "[value]") {
  Problems problems;
  const auto node = parse_yaml("t", "[0.5,\n  fast]", problems);
  Settings settings;
  const auto problem = read_value(*find_key("augmentation.contrast"), *node, settings);
  REQUIRE(problem.has_value());
  CHECK(problem->line == 2);
  CHECK(problem->column == 3);
}

TEST_CASE("texts of values read back as the same value", "[value]") {
  Settings s;
  for (const std::string text : {"", "off", "Yes", "1e5", "true", "a b", " lead", "a: b", "#x", "q\"uo\\te",
                                 "tab\tnl\n", "/data/kitti-2.1", "[x]", "\x01", "caf\xc3\xa9", "~", "*a", "- x"}) {
    INFO(text);
    s.data.root = text;
    const auto yaml = value_text(*find_key("data.root"), s);
    Settings back;
    CHECK(read("data.root", yaml, back).empty());
    CHECK(back.data.root == text);
    CHECK(yaml.find('\n') == std::string::npos);
  }
  for (const double value : {1e-5, 5e-4, 0.1, 1.0 / 3, 1e300, 123456789.125, 7.0, 5e-324}) {
    s.optimizer.learning_rate = value;
    Settings back;
    CHECK(read("optimizer.learning_rate", value_text(*find_key("optimizer.learning_rate"), s), back).empty());
    CHECK(back.optimizer.learning_rate == value);
  }
  s.optimizer.learning_rate = 1e-5;
  CHECK(value_text(*find_key("optimizer.learning_rate"), s) == "1.0e-5");
  s.data.cache = "off";
  CHECK(value_text(*find_key("data.cache"), s) == "\"off\"");
}
