#include "eval/plot_parts.hpp"

#include "base/text.hpp"
#include "eval/short_number.hpp"

namespace fastbox::eval {
namespace {

// Blue, orange and ink differ in lightness too; the dashes tell them apart without any colour.
constexpr const char* style = R"(<style>
.precision-recall {
  font: 14px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", Arial, sans-serif;
}
.precision-recall .title { font-size: 20px; font-weight: 600 }
.precision-recall .strong { font-weight: 600 }
.precision-recall .small { font-size: 13px }
.precision-recall .middle { text-anchor: middle }
.precision-recall .end { text-anchor: end }
.precision-recall .grid, .precision-recall .axis, .precision-recall .curve { fill: none }
.precision-recall .curve { stroke-width: 2.5; stroke-linejoin: round }
.precision-recall .measured { stroke-width: 1.5 }
.precision-recall .area { fill-opacity: .12 }
.precision-recall .label { font-weight: 600 }
.precision-recall .halo { stroke-width: 5; stroke-linejoin: round }
.precision-recall .curve.moderate { stroke-dasharray: 9 4 }
.precision-recall .curve.hard { stroke-dasharray: 2.5 3 }
.precision-recall .curve.alone { stroke-dasharray: none }
.precision-recall .ideal { fill: none; stroke-width: 1.5; stroke-dasharray: 4 4 }
.precision-recall .bar { fill-opacity: .75 }
.precision-recall .gap { fill-opacity: .25 }
.precision-recall text { fill: #1f2328 }
.precision-recall text.quiet { fill: #59636e }
.precision-recall .ground, .precision-recall .measured { fill: #ffffff }
.precision-recall text.halo { fill: #ffffff; stroke: #ffffff }
.precision-recall .bar { fill: #0068a8 }
.precision-recall .gap { fill: #bc4c00 }
.precision-recall .ideal { stroke: #1f2328 }
.precision-recall .grid { stroke: #e3e7eb }
.precision-recall .axis { stroke: #818b98 }
.precision-recall .easy { stroke: #0068a8 }
.precision-recall .moderate { stroke: #bc4c00 }
.precision-recall .hard { stroke: #1f2328 }
.precision-recall .area.easy, .precision-recall text.easy { fill: #0068a8; stroke: none }
.precision-recall .area.moderate, .precision-recall text.moderate { fill: #bc4c00; stroke: none }
.precision-recall .area.hard, .precision-recall text.hard { fill: #1f2328; stroke: none }
@media (prefers-color-scheme: dark) {
  .precision-recall text { fill: #e6edf3 }
  .precision-recall text.quiet { fill: #9198a1 }
  .precision-recall .ground, .precision-recall .measured { fill: #0d1117 }
  .precision-recall text.halo { fill: #0d1117; stroke: #0d1117 }
  .precision-recall .bar { fill: #58b4f0 }
  .precision-recall .gap { fill: #f0944d }
  .precision-recall .ideal { stroke: #e6edf3 }
  .precision-recall .grid { stroke: #262c36 }
  .precision-recall .axis { stroke: #656c76 }
  .precision-recall .easy { stroke: #58b4f0 }
  .precision-recall .moderate { stroke: #f0944d }
  .precision-recall .hard { stroke: #e6edf3 }
  .precision-recall .area.easy, .precision-recall text.easy { fill: #58b4f0; stroke: none }
  .precision-recall .area.moderate, .precision-recall text.moderate { fill: #f0944d; stroke: none }
  .precision-recall .area.hard, .precision-recall text.hard { fill: #e6edf3; stroke: none }
}
</style>
)";

}  // namespace

std::string capitalised(std::string word) {
  if (!word.empty() && word[0] >= 'a' && word[0] <= 'z') word[0] = static_cast<char>(word[0] - 'a' + 'A');
  return word;
}

std::string line(const std::string& kind, double x1, double y1, double x2, double y2) {
  return concat("<path class=\"", kind, "\" d=\"M", short_number(x1), ' ', short_number(y1), 'L', short_number(x2), ' ',
                short_number(y2), "\"/>\n");
}

std::string text(const std::string& kind, double x, double y, const std::string& words) {
  return concat("<text class=\"", kind, "\" x=\"", short_number(x), "\" y=\"", short_number(y), "\">", words,
                "</text>\n");
}

std::string draw_axes(const Axes& axes, const std::string& x_title, const std::string& y_title) {
  std::string svg;
  for (int tenth = 2; tenth <= 10; tenth += 2) {
    const double at = tenth / 10.0;
    svg += line("grid", axes.x(at), axes.top, axes.x(at), axes.y(0));
    svg += line("grid", axes.left, axes.y(at), axes.x(1), axes.y(at));
  }
  for (int tenth = 0; tenth <= 10; tenth += 2) {
    const double at = tenth / 10.0;
    svg += text("quiet middle", axes.x(at), axes.y(0) + 20, short_number(at));
    svg += text("quiet end", axes.left - 8, axes.y(at) + 5, short_number(at));
  }
  svg += concat("<path class=\"axis\" d=\"M", short_number(axes.left), ' ', short_number(axes.top), 'V',
                short_number(axes.y(0)), 'H', short_number(axes.x(1)), "\"/>\n");
  svg += text("middle", axes.x(0.5), axes.y(0) + 42, x_title);
  svg += concat("<text class=\"middle\" transform=\"translate(18 ", short_number(axes.y(0.5)), ") rotate(-90)\">",
                y_title, "</text>\n");
  return svg;
}

std::string picture(const std::string& what, const std::string& title, double height, const std::string& body) {
  return concat("<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"precision-recall\" viewBox=\"0 0 480 ",
                short_number(height), "\" role=\"img\" aria-label=\"", what, ": ", title, "\">\n", style,
                "<rect class=\"ground\" width=\"480\" height=\"", short_number(height), "\"/>\n",
                text("title", 20, 34, title), body, "</svg>\n");
}

}  // namespace fastbox::eval
