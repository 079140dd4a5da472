#include "report/axis.hpp"

#include <catch2/catch.hpp>
#include <cmath>

using namespace fastbox::report;

namespace {

void check_ticks(const std::vector<double>& ticks, const std::vector<double>& expected) {
  REQUIRE(ticks.size() == expected.size());
  for (std::size_t i = 0; i < ticks.size(); ++i) CHECK(ticks[i] == Approx(expected[i]).margin(1e-300));
}

}  // namespace

TEST_CASE("ticks are round numbers within the range", "[axis]") {
  check_ticks(linear_ticks(0, 3000, 6), {0, 1000, 2000, 3000});
  check_ticks(linear_ticks(0, 1, 6), {0, 0.2, 0.4, 0.6, 0.8, 1});
  check_ticks(linear_ticks(0, 0.00208, 6), {0, 0.0005, 0.001, 0.0015, 0.002});
  check_ticks(linear_ticks(-3, 7, 6), {-2, 0, 2, 4, 6});
  check_ticks(linear_ticks(17, 18, 3), {17, 17.5, 18});
}

TEST_CASE("never more ticks than asked for, whatever the range", "[axis]") {
  for (double high = 1e-9; high < 1e12; high *= 1.37)
    for (const int most : {2, 3, 6, 10}) {
      const auto ticks = linear_ticks(0, high, most);
      CHECK(ticks.size() <= static_cast<std::size_t>(most));
      CHECK(!ticks.empty());
      for (const double tick : ticks) CHECK((tick >= 0 && tick <= high * (1 + 1e-6)));
    }
}

TEST_CASE("logarithmic ticks are powers of ten, with doubles and fives where those are few", "[axis]") {
  check_ticks(logarithmic_ticks(0.5, 2000), {1, 10, 100, 1000});
  check_ticks(logarithmic_ticks(0.3, 20), {0.5, 1, 2, 5, 10, 20});
  CHECK(logarithmic_ticks(1e-20, 1e20).size() <= 8);
  check_ticks(logarithmic_ticks(1e-20, 1e-5), {1e-20, 1e-18, 1e-16, 1e-14, 1e-12, 1e-10, 1e-8, 1e-6});
}

TEST_CASE("labels are short", "[axis]") {
  CHECK(tick_label(0) == "0");
  CHECK(tick_label(0.25) == "0.25");
  CHECK(tick_label(2000) == "2000");
  CHECK(tick_label(12000) == "12k");
  CHECK(tick_label(700000) == "700k");
  CHECK(tick_label(1.5e6) == "1.5M");
  CHECK(tick_label(0.0015) == "0.0015");
  CHECK(tick_label(1e-05) == "1e-5");
  CHECK(tick_label(-0.00015) == "-1.5e-4");
  CHECK(tick_label(9.99999e-5) == "1e-4");
  CHECK(pixel(12.5) == "12.5");
  CHECK(pixel(-0.001) == "0");
  CHECK(pixel(3) == "3");
}

TEST_CASE("values lie where the axis says", "[axis]") {
  const Axis linear(Scale::linear, 0, 10, 50, 250);
  CHECK(linear.at(0) == Approx(50));
  CHECK(linear.at(5) == Approx(150));
  const Axis down(Scale::logarithmic, 1, 100, 200, 0);
  CHECK(down.at(10) == Approx(100));
  const Axis flat(Scale::linear, 3, 3, 0, 100);
  CHECK(flat.at(3) == Approx(50));
  const Axis zero(Scale::linear, 0, 0, 0, 100);
  CHECK(std::isfinite(zero.at(0)));
}

TEST_CASE("a logarithmic scale is for positive values of very different size", "[axis]") {
  CHECK(apt_scale({1, 7}) == Scale::linear);
  CHECK(apt_scale({1, 9}) == Scale::logarithmic);
  CHECK(apt_scale({1, 9, 0}) == Scale::linear);
  CHECK(apt_scale({1, NAN, 9}) == Scale::logarithmic);
  CHECK(apt_scale({}) == Scale::linear);
}
