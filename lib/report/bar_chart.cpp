#include "report/bar_chart.hpp"

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "report/axis.hpp"
#include "report/html.hpp"

namespace fastbox::report {
namespace {

double counting(double value) {
  return std::isfinite(value) && value > 0 ? value : 0;
}

double sum_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += counting(value);
  return sum;
}

std::string rectangle(const Part& part, double x, double y, double width, double height, double value) {
  return concat("<rect class=\"bar ", part.kind, "\" x=\"", pixel(x), "\" y=\"", pixel(y), "\" width=\"", pixel(width),
                "\" height=\"", pixel(height), "\"><title>", escape(part.name), ": ", significant(value, 4),
                "</title></rect>");
}

std::vector<LegendEntry> legend_of(const std::vector<Part>& parts) {
  std::vector<LegendEntry> legend;
  if (parts.size() > 1)
    for (const auto& part : parts) legend.push_back({part.name, part.kind, Mark::area});
  return legend;
}

template <typename Bars>
double largest_of(const Bars& bars) {
  double largest = 0;
  for (const auto& bar : bars) largest = std::max(largest, sum_of(bar.values));
  return largest;
}

}  // namespace

std::string draw(const UprightBars& chart) {
  constexpr double left = 56, right = chart_width - 20, top = 36, bottom = chart_height - 48;
  const double largest = largest_of(chart.bars);
  if (largest <= 0) return figure(chart.title, chart.subtitle, {}, nothing_to_draw("There is nothing to draw yet."));
  const Axis x(Scale::linear, chart.bars.front().from, chart.bars.back().to, left, right);
  const Axis y(Scale::linear, 0, 1.04 * largest, bottom, top);
  std::string content;
  for (const double tick : y.ticks(6)) {
    content += concat("<path class=\"grid\" d=\"M", pixel(left), ' ', pixel(y.at(tick)), 'H', pixel(right), "\"/>\n");
    content += svg_text("end", left - 7, y.at(tick) + 4.5, tick_label(tick));
  }
  for (const double tick : x.ticks(6)) content += svg_text("middle", x.at(tick), bottom + 18, tick_label(tick));
  for (const auto& bar : chart.bars) {
    const double from = x.at(bar.from), width = x.at(bar.to) - from, gap = std::min(1.5, width / 6);
    double below = 0;
    for (std::size_t i = 0; i < chart.parts.size() && i < bar.values.size(); ++i) {
      const double value = counting(bar.values[i]);
      if (value <= 0) continue;
      content += rectangle(chart.parts[i], from + gap / 2, y.at(below + value), width - gap,
                           y.at(below) - y.at(below + value), value);
      below += value;
    }
  }
  content += '\n';
  for (const auto& line : chart.lines) {
    if (line.x < x.low() || line.x > x.high()) continue;
    content +=
        concat("<path class=\"mark\" d=\"M", pixel(x.at(line.x)), ' ', pixel(top - 2), 'V', pixel(bottom), "\"/>\n");
    content += svg_text("small", x.at(line.x) + 4, top + 2, line.words);
  }
  content += concat("<path class=\"axis\" d=\"M", pixel(left), ' ', pixel(top), 'V', pixel(bottom), 'H', pixel(right),
                    "\"/>\n");
  content += svg_text("middle", (left + right) / 2, bottom + 38, chart.x_title);
  content += svg_text("start", 2, 13, chart.y_title);
  return figure(chart.title, chart.subtitle, legend_of(chart.parts),
                svg(chart_height, concat(chart.title, ": ", chart.y_title, " over ", chart.x_title), content));
}

std::string draw(const LyingBars& chart) {
  constexpr double left = 2, right = chart_width - 20, row = 44, thick = 16, top = 4;
  const double largest = largest_of(chart.bars);
  if (largest <= 0) return figure(chart.title, chart.subtitle, {}, nothing_to_draw("There is nothing to draw yet."));
  const Axis x(Scale::linear, 0, largest, left, right);
  const double bottom = top + row * static_cast<double>(chart.bars.size());
  std::string content;
  for (const double tick : x.ticks(6)) {
    content += concat("<path class=\"grid\" d=\"M", pixel(x.at(tick)), ' ', pixel(top), 'V', pixel(bottom), "\"/>\n");
    content += svg_text(tick == 0 ? "start" : "middle", x.at(tick), bottom + 18, tick_label(tick));
  }
  for (std::size_t r = 0; r < chart.bars.size(); ++r) {
    const auto& bar = chart.bars[r];
    const double y = top + row * static_cast<double>(r);
    content += svg_text("name", left, y + 14, bar.name);
    content += svg_text("end small", right, y + 14, bar.remark);
    double before = 0;
    for (std::size_t i = 0; i < chart.parts.size() && i < bar.values.size(); ++i) {
      const double value = counting(bar.values[i]);
      if (value <= 0) continue;
      content += rectangle(chart.parts[i], x.at(before), y + 21, x.at(before + value) - x.at(before), thick, value);
      before += value;
    }
    content += '\n';
  }
  content += svg_text("middle", (left + right) / 2, bottom + 38, chart.x_title);
  return figure(chart.title, chart.subtitle, legend_of(chart.parts),
                svg(bottom + 46, concat(chart.title, ", ", chart.x_title), content));
}

}  // namespace fastbox::report
