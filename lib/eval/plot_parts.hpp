// What the plots of evaluations have in common: style, axes from 0 to 1, the picture's frame.
//
// SVG that stands alone, light and dark. Every rule of style is bound to class "precision-recall", so several may be put
// into one HTML page. Equal arguments give equal bytes, in any locale. Thread-safe: no state.
#pragma once

#include <string>

namespace fastbox::eval {

/// The area of the axes within the picture, in pixels, and where two numbers of 0 .. 1 lie in it.
struct Axes {
  double left = 58, top = 0, width = 400, height = 300;
  double x(double value) const { return left + value * width; }
  double y(double value) const { return top + (1 - value) * height; }
};

std::string capitalised(std::string word);

/// `kind`: classes of the style sheet (plot_parts.cpp).
std::string line(const std::string& kind, double x1, double y1, double x2, double y2);
std::string text(const std::string& kind, double x, double y, const std::string& words);

/// Grid, numbers and titles.
std::string draw_axes(const Axes& axes, const std::string& x_title, const std::string& y_title);

/// The whole file, 480 pixels wide. `what` is for screen readers, `title` is written as well.
std::string picture(const std::string& what, const std::string& title, double height, const std::string& body);

}  // namespace fastbox::eval
