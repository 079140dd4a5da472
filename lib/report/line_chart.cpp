#include "report/line_chart.hpp"

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "report/html.hpp"

namespace fastbox::report {
namespace {

constexpr double left = 56, right = chart_width - 20, top = 28, bottom = chart_height - 48;
constexpr std::size_t most_dots = 40;

struct Bounds {
  double low = INFINITY, high = -INFINITY;
  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool empty() const { return low > high; }
};

bool is_drawn(const Point& point, Scale scale) {
  return std::isfinite(point.x) && std::isfinite(point.y) && (scale == Scale::linear || point.y > 0);
}

std::string grid(const Axis& x, const Axis& y, const LineChart& chart) {
  std::string svg;
  for (const double tick : y.ticks(6)) {
    svg += concat("<path class=\"grid\" d=\"M", pixel(left), ' ', pixel(y.at(tick)), 'H', pixel(right), "\"/>\n");
    svg += svg_text("end", left - 7, y.at(tick) + 4.5, tick_label(tick));
  }
  for (const double tick : x.ticks(6)) {
    svg += concat("<path class=\"grid\" d=\"M", pixel(x.at(tick)), ' ', pixel(top), 'V', pixel(bottom), "\"/>\n");
    svg += svg_text("middle", x.at(tick), bottom + 18, tick_label(tick));
  }
  svg += concat("<path class=\"axis\" d=\"M", pixel(left), ' ', pixel(top), 'V', pixel(bottom), 'H', pixel(right),
                "\"/>\n");
  svg += svg_text("middle", (left + right) / 2, bottom + 38, chart.x_title);
  return svg + svg_text("start", 2, 13, chart.y_title);
}

/// "x,y,words of x,words of y" for every point, for the page's read-out.
std::string read_out(const Series& series, const Axis& x, const Axis& y, Scale scale) {
  std::string points;
  for (const auto& point : series.points)
    if (is_drawn(point, scale))
      points += concat(points.empty() ? "" : " ", pixel(x.at(point.x)), ',', pixel(y.at(point.y)), ',',
                       tick_label(point.x), ',', significant(point.y, 4));
  return points;
}

std::string draw_series(const Series& series, const Axis& x, const Axis& y, const LineChart& chart) {
  std::vector<Point> pixels;
  std::size_t drawn = 0;
  for (const auto& point : series.points) {
    const bool shown = is_drawn(point, chart.scale);
    pixels.push_back(shown ? Point{x.at(point.x), y.at(point.y)} : Point{NAN, NAN});
    drawn += shown ? 1 : 0;
  }
  if (drawn == 0) return "";
  std::string svg = concat("<g class=\"series ", series.kind, "\" data-name=\"", escape(series.name),
                           "\" data-points=\"", read_out(series, x, y, chart.scale), "\">");
  if (series.mark == Mark::line && drawn > 1) svg += concat("<path class=\"line\" d=\"", path_data(pixels), "\"/>");
  if (series.mark == Mark::dot || drawn == 1 || (chart.dots && drawn <= most_dots))
    for (const auto& at : pixels)
      if (std::isfinite(at.x))
        svg += concat("<circle class=\"dot\" cx=\"", pixel(at.x), "\" cy=\"", pixel(at.y), "\" r=\"2.8\"/>");
  return svg + "</g>\n";
}

std::vector<LegendEntry> legend_of(const LineChart& chart) {
  if (!chart.legend.empty() || chart.series.size() < 2) return chart.legend;
  std::vector<LegendEntry> legend;
  for (const auto& series : chart.series) legend.push_back({series.name, series.kind, series.mark});
  return legend;
}

}  // namespace

std::string path_data(const std::vector<Point>& pixels) {
  std::string data;
  bool drawing = false;
  for (const auto& point : pixels) {
    const bool shown = std::isfinite(point.x) && std::isfinite(point.y);
    if (shown) data += concat(drawing ? 'L' : 'M', pixel(point.x), ' ', pixel(point.y));
    drawing = shown;
  }
  return data;
}

std::string draw(const LineChart& chart) {
  Bounds x, y;
  for (const auto& series : chart.series)
    for (const auto& point : series.points)
      if (is_drawn(point, chart.scale)) x.add(point.x), y.add(point.y);
  if (y.empty()) return figure(chart.title, chart.subtitle, {}, nothing_to_draw("There is nothing to draw yet."));
  if (std::isfinite(chart.x_low)) x.low = chart.x_low;
  if (std::isfinite(chart.x_high)) x.high = chart.x_high;
  if (std::isfinite(chart.y_high)) y.high = chart.y_high;
  if (chart.scale == Scale::linear) {
    if (chart.from_zero) y.low = std::min(y.low, 0.0);
    if (chart.from_zero && y.high <= 0 && y.low >= 0) y.high = 1;  // all are 0
    if (!std::isfinite(chart.y_high)) y.high += 0.04 * (y.high - y.low);
  }
  const Axis across(Scale::linear, x.low, x.high, left, right), up(chart.scale, y.low, y.high, bottom, top);
  std::string content = grid(across, up, chart);
  // The first series is the one that matters most: it lies on top.
  for (auto series = chart.series.rbegin(); series != chart.series.rend(); ++series)
    content += draw_series(*series, across, up, chart);
  return figure(chart.title, chart.subtitle, legend_of(chart),
                svg(chart_height, concat(chart.title, ": ", chart.y_title, " over ", chart.x_title), content));
}

}  // namespace fastbox::report
