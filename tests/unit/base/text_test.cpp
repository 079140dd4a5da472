#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

#include "base/text.hpp"

using namespace fastbox;

TEST_CASE("columns are parted by any run of blanks", "[text]") {
  CHECK(split_columns("Car  0.00\t1 ").size() == 3);
  CHECK(split_columns("   ").empty());
  CHECK(split("a,,b", ',').size() == 3);
  CHECK(trim("  a b \r\n") == "a b");
}

TEST_CASE("numbers are read whole or not at all", "[text]") {
  double value = 0;
  CHECK((parse_double("1e-3", value) && value == 1e-3));
  CHECK((parse_double("+2.5", value) && value == 2.5));
  CHECK((parse_double("nan", value) && std::isnan(value)));
  for (const char* bad : {"", "1x", " 1", "Car", "1 2", "+"}) CHECK_FALSE(parse_double(bad, value));
  long long whole = 0;
  CHECK((parse_integer("-12", whole) && whole == -12));
  for (const char* bad : {"", "1.0", "99999999999999999999", "0x10"}) CHECK_FALSE(parse_integer(bad, whole));
}

TEST_CASE("shortest text reads back as the same double", "[text]") {
  for (const double value : {0.1, 1.0 / 3, 1e-5, -7.25, 1e300, std::numeric_limits<double>::denorm_min()}) {
    double back = 0;
    REQUIRE(parse_double(shortest(value), back));
    CHECK(back == value);
  }
  CHECK(shortest(0.1) == "0.1");
  CHECK(significant(0.0012345, 3) == "0.00123");
  CHECK(significant(12, 3) == "12");
  CHECK(fixed(std::numeric_limits<double>::max(), 2).size() == 312);
}

TEST_CASE("a typing error finds the word that was meant", "[text]") {
  const std::vector<std::string> words = {"optimizer.learning_rate", "optimizer.name", "model.encoder"};
  CHECK(nearest_word("optimizer.lerning_rate", words) == "optimizer.learning_rate");
  CHECK(nearest_word("zzz", words).empty());
}

TEST_CASE("what a file says is shown short and without control characters", "[text]") {
  CHECK(shown("Car") == "Car");
  CHECK(shown("a\x1b[31m\n") == "a?[31m?");
  CHECK(shown(std::string(80, 'x')) == std::string(80, 'x'));
  CHECK(shown(std::string(1'000'000, 'x')) == std::string(80, 'x') + "...");
}

TEST_CASE("the nearest word is looked for among those of like length", "[text]") {
  CHECK(nearest_word("sed", {"optimizer", "seed"}) == "seed");
  CHECK(nearest_word("learning_rat", {"learning_rate", "rate"}) == "learning_rate");
  CHECK(nearest_word(std::string(50'000'000, 'x'), {"seed"}).empty());  // at once: no table of that length
}
