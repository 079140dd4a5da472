#include "eval/curve_plot.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/files.hpp"
#include "base/text.hpp"
#include "eval/plot_parts.hpp"
#include "eval/short_number.hpp"

namespace fastbox::eval {
namespace {

constexpr double steps = slot_count - 1.0;

/// AP in percent as the table prints it.
std::string percent(double value) {
  if (std::isnan(value)) return "-";
  char buffer[64];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, 2).ptr};
}

std::string ground_truths(const AveragePrecision& figures) {
  return std::to_string(figures.ground_truths) + (figures.ground_truths == 1 ? " ground truth" : " ground truths");
}

/// The last slot that is drawn: behind the thresholds the precision is 0, and the line ends where it falls to it.
std::size_t last_slot(const AveragePrecision& figures) {
  return std::min(figures.thresholds.size(), slot_count - 1);
}

/// The step function as SVG path data. As an area: each unbroken part closed along the axis.
std::string path_data(const AveragePrecision& figures, const Axes& axes, bool area) {
  const auto& precision = figures.precision;
  std::string data;
  bool drawing = false;
  const auto go_to = [&](double recall, double height) {
    if (!drawing) data += concat('M', short_number(axes.x(recall), 3), ' ', short_number(axes.y(area ? 0 : height), 3));
    data += 'V' + short_number(axes.y(height), 3);
    drawing = true;
  };
  const auto stop = [&] {
    if (drawing && area) data += 'V' + short_number(axes.y(0), 3) + 'Z';
    drawing = false;
  };
  if (!figures.thresholds.empty() && !std::isnan(precision[0])) go_to(0, precision[0]);
  for (std::size_t i = 1; i <= last_slot(figures); ++i) {
    if (std::isnan(precision[i])) {
      stop();
      continue;
    }
    const auto slot = static_cast<double>(i);
    go_to((slot - 1) / steps, precision[i]);
    if (i < figures.thresholds.size()) data += 'H' + short_number(axes.x(slot / steps), 3);
  }
  stop();
  return data;
}

std::string draw_path(const std::string& kind, const std::string& data) {
  return data.empty() ? "" : concat("<path class=\"", kind, "\" d=\"", data, "\"/>\n");
}

std::string draw_measured(const AveragePrecision& figures, const std::string& difficulty, const Axes& axes) {
  std::string svg;
  for (std::size_t i = 0; i < figures.recall.size(); ++i) {
    const double recall = figures.recall[i], precision = figures.precision[i];
    if (std::isnan(recall) || std::isnan(precision)) continue;
    svg += concat("<circle class=\"measured ", difficulty, "\" cx=\"", short_number(axes.x(recall)), "\" cy=\"",
                  short_number(axes.y(precision)), "\" r=\"2.6\"><title>score ", short_number(figures.thresholds[i], 4),
                  " and above: recall ", short_number(recall, 4), ", precision ", short_number(precision, 4),
                  "</title></circle>\n");
  }
  return svg;
}

/// An upright rectangle in the picture; flat for a piece of a curve.
struct Area {
  double left, top, right, bottom;
  /// Pixels between the two along the axis where they are farther apart; negative where they overlap.
  double gap(const Area& other) const {
    return std::max({left - other.right, other.left - right, top - other.bottom, other.top - bottom});
  }
  bool is_upright() const { return right - left < bottom - top; }
};

/// The level and upright pieces of a curve.
std::vector<Area> pieces(const AveragePrecision& figures, const Axes& axes) {
  std::vector<Area> all;
  for (std::size_t i = 1; i <= last_slot(figures); ++i) {
    const double before = axes.y(figures.precision[i - 1]), here = axes.y(figures.precision[i]);
    const double left = axes.x(static_cast<double>(i - 1) / steps), right = axes.x(static_cast<double>(i) / steps);
    if (std::isnan(here)) continue;
    if (!std::isnan(before)) all.push_back({left, std::min(before, here), left, std::max(before, here)});
    if (i < figures.thresholds.size()) all.push_back({left, here, right, here});
  }
  return all;
}

/// Writes each difficulty's name upon its curve, along a level or an upright part of it, where the other curves and names
/// are far enough away; where there is no such place, the legend must do.
class Labels {
 public:
  Labels(const KittiResult& result, std::size_t object_class, const Axes& axes) : axes_(axes) {
    for (std::size_t d = 0; d < difficulty_count; ++d) curves_[d] = pieces(result.classes[object_class][d], axes);
  }

  std::string draw() {
    std::string svg;
    for (std::size_t d = 0; d < difficulty_count; ++d) {
      const auto place = best_place(d);
      if (!place) continue;
      placed_.push_back(*place);
      const std::string turn = place->is_upright() ? " rotate(-90)" : "";
      // The halo is an element of its own: not every viewer knows paint-order.
      for (const std::string kind : {"halo", difficulty_names[d]})
        svg +=
            concat("<text class=\"label middle ", kind, "\" transform=\"translate(",
                   short_number((place->left + place->right) / 2), ' ', short_number((place->top + place->bottom) / 2),
                   ')', turn, "\" dy=\"5\">", difficulty_names[d], "</text>\n");
    }
    return svg;
  }

 private:
  double clearance(std::size_t d, const Area& place) const {
    constexpr double beside_the_axes = 4;  // nothing is drawn there
    double nearest = std::min({place.left - axes_.left, axes_.x(1) + beside_the_axes - place.right,
                               place.top - axes_.top + beside_the_axes, axes_.y(0) - place.bottom});
    for (std::size_t other = 0; other < difficulty_count; ++other)
      for (const auto& piece : curves_[other])
        if (other != d) nearest = std::min(nearest, place.gap(piece));
    for (const auto& other : placed_) nearest = std::min(nearest, place.gap(other));
    return nearest;
  }

  /// Whether the curve runs along the name all its way, not across it.
  bool runs_along(std::size_t d, const Area& place) const {
    const auto strays = [&](const Area& piece) {
      if (place.is_upright()) return piece.top < place.bottom && piece.bottom > place.top && place.gap(piece) > 0;
      return piece.left < place.right && piece.right > place.left &&
             (piece.top < place.top || piece.bottom > place.bottom);
    };
    return std::none_of(curves_[d].begin(), curves_[d].end(), strays);
  }

  std::optional<Area> best_place(std::size_t d) const {
    constexpr double half_height = 8, enough = 3, plenty = 40;  // pixels
    const double half_width = 4.5 * static_cast<double>(std::string(difficulty_names[d]).size()) + 3;
    std::optional<Area> best;
    double most = enough;
    for (const auto& piece : curves_[d]) {
      const double x = (piece.left + piece.right) / 2, y = (piece.top + piece.bottom) / 2;
      Area place{x - half_width, y - half_height, x + half_width, y + half_height};
      if (piece.is_upright()) {
        if (piece.bottom - piece.top < 2 * half_width) continue;
        place = {x - half_height, y - half_width, x + half_height, y + half_width};
      }
      const double clear = std::min(plenty, clearance(d, place));
      if (clear > most && runs_along(d, place)) best = place, most = clear;
    }
    return best;
  }

  const Axes& axes_;
  std::array<std::vector<Area>, difficulty_count> curves_;
  std::vector<Area> placed_;
};

std::string how_it_was_measured(const KittiResult& result, std::size_t object_class) {
  return concat(name_of(result.rules.evaluator), ", overlap above ",
                short_number(result.rules.classes[object_class].minimum_overlap), ", ", std::to_string(result.frames),
                result.frames == 1 ? " frame" : " frames");
}

}  // namespace

std::string curve_svg(const KittiResult& result, std::size_t object_class, std::size_t difficulty) {
  const AveragePrecision& figures = result.classes[object_class][difficulty];
  const std::string level = difficulty_names[difficulty];
  const Axes axes{.top = 104};
  std::string body = text("strong", 20, 60, concat("AP40 ", percent(figures.ap40), ", ", ground_truths(figures)));
  body += text("quiet small", 20, 81, how_it_was_measured(result, object_class));
  body += draw_path("area " + level, path_data(figures, axes, true));
  body += draw_axes(axes, "Recall", "Precision");
  body += draw_path("curve alone " + level, path_data(figures, axes, false));
  body += draw_measured(figures, level, axes);
  if (figures.thresholds.empty())
    body += text("quiet middle", axes.x(0.5), axes.y(0.5),
                 figures.ground_truths == 0 ? "There is no ground truth to find" : "No ground truth is found");
  body += text("quiet small", 20, 474, "The area under the line is AP40; dots: measured recalls.");
  return picture("Precision over recall", concat(result.rules.classes[object_class].title, ", ", level), 488, body);
}

std::string overview_svg(const KittiResult& result, std::size_t object_class) {
  const auto& levels = result.classes[object_class];
  const Axes axes{.top = 128};
  std::string body = text("quiet small", 20, 56, how_it_was_measured(result, object_class));
  body += draw_axes(axes, "Recall", "Precision");
  for (std::size_t d = difficulty_count; d-- > 0;)
    body += draw_path(concat("curve ", difficulty_names[d]), path_data(levels[d], axes, false));
  body += Labels(result, object_class, axes).draw();
  constexpr std::array<double, difficulty_count> columns = {20, 168, 338};
  for (std::size_t d = 0; d < difficulty_count; ++d) {
    const double x = columns[d];
    body += line(concat("curve ", difficulty_names[d]), x, 81, x + 28, 81);
    body += text("strong", x + 35, 86, concat(capitalised(difficulty_names[d]), ' ', percent(levels[d].ap40)));
    body += text("quiet small", x, 106, ground_truths(levels[d]));
  }
  body += text("quiet small end", 458, 56, "AP40 in percent");
  return picture("Precision over recall", result.rules.classes[object_class].title, 484, body);
}

std::vector<std::string> write_curves(const std::filesystem::path& folder, const KittiResult& result) {
  std::vector<std::string> files;
  const auto write = [&](const std::string& name, const std::string& svg) {
    write_file_atomically(folder / name, svg);
    files.push_back(name);
  };
  create_folders(folder);
  for (std::size_t c = 0; c < result.rules.classes.size(); ++c) {
    if (!result.detected[c]) continue;
    write(concat(result.rules.classes[c].name, ".svg"), overview_svg(result, c));
    for (std::size_t d = 0; d < difficulty_count; ++d)
      write(concat(result.rules.classes[c].name, '-', difficulty_names[d], ".svg"), curve_svg(result, c, d));
  }
  return files;
}

}  // namespace fastbox::eval
