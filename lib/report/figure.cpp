#include "report/figure.hpp"

#include "base/text.hpp"
#include "report/axis.hpp"
#include "report/html.hpp"

namespace fastbox::report {
namespace {

std::string swatch(const LegendEntry& entry) {
  const char* shape = R"(<path class="line" d="M1 6H27"/>)";
  if (entry.mark == Mark::dot) shape = R"(<circle class="dot" cx="6" cy="6" r="4"/>)";
  if (entry.mark == Mark::area) shape = R"(<rect class="bar" width="12" height="12" rx="2"/>)";
  const int width = entry.mark == Mark::line ? 28 : 12;
  return concat("<svg class=\"swatch ", entry.kind, "\" viewBox=\"0 0 ", width, " 12\" width=\"", width,
                "\" height=\"12\" aria-hidden=\"true\">", shape, "</svg>");
}

}  // namespace

std::string figure(const std::string& title, const std::string& subtitle, const std::vector<LegendEntry>& legend,
                   const std::string& picture) {
  std::string html = concat("<figure class=\"chart\">\n<figcaption><strong>", escape(title), "</strong>");
  if (!subtitle.empty()) html += concat(" <span>", escape(subtitle), "</span>");
  html += "</figcaption>\n";
  if (!legend.empty()) {
    html += "<ul class=\"legend\">";
    for (const auto& entry : legend) html += concat("<li>", swatch(entry), escape(entry.name), "</li>");
    html += "</ul>\n";
  }
  return html + picture + "</figure>\n";
}

std::string nothing_to_draw(const std::string& why) {
  return element("p", "nothing", why);
}

std::string svg(double height, const std::string& label, const std::string& content) {
  return concat("<svg class=\"plot\" viewBox=\"0 0 ", pixel(chart_width), ' ', pixel(height),
                "\" role=\"img\" aria-label=\"", escape(label), "\">\n", content, "</svg>\n");
}

std::string svg_text(const std::string& kind, double x, double y, const std::string& words) {
  return concat("<text class=\"", kind, "\" x=\"", pixel(x), "\" y=\"", pixel(y), "\">", escape(words), "</text>\n");
}

}  // namespace fastbox::report
