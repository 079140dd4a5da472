#include <catch2/catch.hpp>
#include <cmath>

#include "report/bar_chart.hpp"
#include "report/line_chart.hpp"

using namespace fastbox::report;

namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("a path goes through its points and breaks where there is none", "[charts]") {
  CHECK(path_data({{0, 10}, {5, 20.5}, {10, 0}}) == "M0 10L5 20.5L10 0");
  CHECK(path_data({{0, 1}, {1, NAN}, {2, 3}, {3, 4}}) == "M0 1M2 3L3 4");
  CHECK(path_data({}).empty());
}

TEST_CASE("a line of known points lies at known pixels", "[charts]") {
  LineChart chart{.title = "T", .x_title = "x", .y_title = "y"};
  chart.series.push_back({"one", "k0", {{0, 0}, {50, 5}, {100, 10}}, Mark::line});
  chart.y_high = 10;
  // The axes reach from 56 to 420 across, and from 232 up to 28.
  const std::string html = draw(chart);
  CHECK(holds(html, "d=\"M56 232L238 130L420 28\""));
  CHECK(holds(html, "data-points=\"56,232,0,0 238,130,50,5 420,28,100,10\""));
  CHECK(count(html, "<circle class=\"dot\"") == 3);
  CHECK_FALSE(holds(html, "class=\"legend\""));  // one line needs no name
}

TEST_CASE("one end of an axis that is given leaves the others to the points", "[charts]") {
  LineChart chart{.title = "T", .x_title = "x", .y_title = "y", .x_low = 0};
  chart.series.push_back({"one", "k0", {{50, 5}, {100, 10}}, Mark::line});
  CHECK(holds(draw(chart), "data-points=\"238,"));  // half way to 100
  CHECK(holds(draw(chart), " 420,"));
}

TEST_CASE("several lines have a legend, and names are escaped", "[charts]") {
  LineChart chart{.title = "a < b", .x_title = "x", .y_title = "y"};
  chart.series.push_back({"run & <one>", "k0 d0", {{0, 1}, {1, 2}}, Mark::line});
  chart.series.push_back({"two", "k1 d1", {{0, 2}, {1, 3}}, Mark::line});
  const std::string html = draw(chart);
  CHECK(holds(html, "a &lt; b"));
  CHECK(count(html, "run &amp; &lt;one&gt;") == 2);  // the legend and the read-out
  CHECK(holds(html, "class=\"legend\""));
  CHECK_FALSE(holds(html, "<one>"));
}

TEST_CASE("what cannot be drawn is left out, and nothing at all is said in words", "[charts]") {
  LineChart chart{.title = "T", .x_title = "x", .y_title = "y"};
  chart.series.push_back({"none", "k0", {{0, NAN}, {1, INFINITY}}, Mark::line});
  CHECK(holds(draw(chart), "There is nothing to draw yet."));
  CHECK_FALSE(holds(draw(chart), "nan"));

  chart.scale = Scale::logarithmic;
  chart.series = {{"some", "k0", {{0, 0}, {1, 10}, {2, 1000}}, Mark::line}};
  const std::string html = draw(chart);
  CHECK(count(html, "<circle class=\"dot\"") == 2);  // 0 has no logarithm
  CHECK_FALSE(holds(html, "nan"));
  CHECK_FALSE(holds(html, "inf"));
}

TEST_CASE("lines that are always 0, or have one point, are drawn", "[charts]") {
  LineChart chart{.title = "T", .x_title = "x", .y_title = "y"};
  chart.series.push_back({"zero", "k0", {{0, 0}, {1, 0}}, Mark::line});
  CHECK_FALSE(holds(draw(chart), "nan"));
  chart.series = {{"one", "k0", {{5, 7}}, Mark::line}};
  CHECK(count(draw(chart), "<circle class=\"dot\"") == 1);
  CHECK_FALSE(holds(draw(chart), "nan"));
}

TEST_CASE("bars are stacked from the axis", "[charts]") {
  UprightBars chart{.title = "T", .x_title = "x", .y_title = "y", .parts = {{"a", "t0"}, {"b", "t1"}}};
  chart.bars = {{0, 10, {1, 3}}, {10, 20, {2, NAN}}};
  const std::string html = draw(chart);
  CHECK(count(html, "class=\"bar t0\"") == 2);
  CHECK(count(html, "class=\"bar t1\"") == 1);
  CHECK(holds(html, "<title>b: 3</title>"));
  CHECK_FALSE(holds(html, "nan"));
  chart.bars = {{0, 10, {0, 0}}};
  CHECK(holds(draw(chart), "There is nothing to draw yet."));
}

TEST_CASE("lying bars reach as far as their values", "[charts]") {
  LyingBars chart{.title = "T", .x_title = "ms", .parts = {{"a", "t0"}, {"b", "t1"}}};
  chart.bars = {{"rank <0>", "4 ms", {1, 3}}, {"rank 1", "2 ms", {2, 0}}};
  const std::string html = draw(chart);
  CHECK(holds(html, "rank &lt;0&gt;"));
  // 4 ms is the whole width of 418 pixels, from 2 on.
  CHECK(holds(html, "class=\"bar t0\" x=\"2\" y=\"25\" width=\"104.5\""));
  CHECK(holds(html, "class=\"bar t1\" x=\"106.5\" y=\"25\" width=\"313.5\""));
  CHECK(holds(html, "class=\"bar t0\" x=\"2\" y=\"69\" width=\"209\""));
}
