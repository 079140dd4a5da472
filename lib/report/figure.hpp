// A chart in its frame: heading, legend, picture, and what to say where there is nothing to draw.
//
// Colours and dashes are classes of the page's style sheet (page.cpp), so that they follow its light and dark: k0 .. k7
// for series, t0 .. t5 for what time is spent on. Pure functions; thread-safe.
#pragma once

#include <string>
#include <vector>

namespace fastbox::report {

inline constexpr double chart_width = 440, chart_height = 280;  ///< of an SVG's own pixels; the page scales it
inline constexpr std::size_t series_styles = 8;

/// How a series is told from others, by colour and, for lines, by dashes.
enum class Mark { line, dot, area };

struct LegendEntry {
  std::string name;
  std::string kind;  ///< classes: "k0 d1"
  Mark mark = Mark::line;
};

/// The picture in a <figure>. `subtitle` and `legend` may be empty.
std::string figure(const std::string& title, const std::string& subtitle, const std::vector<LegendEntry>& legend,
                   const std::string& picture);

/// In the picture's place.
std::string nothing_to_draw(const std::string& why);

/// The chart's outer element; `label` is what a screen reader says.
std::string svg(double height, const std::string& label, const std::string& content);

/// <text> with escaped words.
std::string svg_text(const std::string& kind, double x, double y, const std::string& words);

}  // namespace fastbox::report
