#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "report/line_chart.hpp"
#include "report/metrics_lines.hpp"
#include "report/sections.hpp"

namespace fastbox::report {
namespace {

constexpr std::size_t most_points = 300;

/// What is read from an interval.
using Value = double (*)(const Interval&);

Series series_of(const std::string& name, const std::string& kind, const std::vector<Interval>& intervals,
                 const auto& value) {
  Series series{name, kind, {}, Mark::line};
  for (const auto& interval : intervals)
    series.points.push_back({static_cast<double>(interval.samples), value(interval)});
  return series;
}

std::vector<double> heights(const std::vector<Series>& all) {
  std::vector<double> values;
  for (const auto& series : all)
    for (const auto& point : series.points) values.push_back(point.y);
  return values;
}

/// How many lines of metrics.jsonl a point stands for.
std::string joined_text(const std::vector<Interval>& all, const std::vector<Interval>& shown) {
  if (all.size() <= shown.size() || shown.empty()) return "";
  return concat("each point the mean of ", (all.size() + shown.size() - 1) / shown.size(), " lines");
}

class Charts {
 public:
  explicit Charts(const Runs& runs) : labels_(labels_of(runs)) {
    for (const auto& run : runs) {
      shown_.push_back(joined(run.intervals, most_points));
      if (remark_.empty()) remark_ = joined_text(run.intervals, shown_.back());
    }
  }

  /// A line for each run.
  std::string one_value(const std::string& title, const std::string& y_title, Value value, bool ratios) const {
    LineChart chart{.title = title, .subtitle = remark_, .x_title = "samples", .y_title = y_title};
    for (std::size_t r = 0; r < shown_.size(); ++r)
      chart.series.push_back(series_of(labels_[r], series_kind(r), shown_[r], value));
    return finished(chart, ratios);
  }

  /// A line for each term of one run's loss; a term that is always 0, or that its network has not, has none.
  std::string terms(std::size_t run) const {
    LineChart chart{.title = shown_.size() > 1 ? concat("Terms of the loss, ", labels_[run]) : "Terms of the loss",
                    .subtitle = remark_,
                    .x_title = "samples",
                    .y_title = "loss"};
    for (std::size_t i = 0; i < loss_names.size(); ++i) {
      std::string name = loss_names[i];
      std::replace(name.begin(), name.end(), '_', ' ');
      auto series = series_of(name, series_kind(i), shown_[run], [i](const Interval& one) { return one.losses[i]; });
      const bool any = std::any_of(series.points.begin(), series.points.end(),
                                   [](const Point& p) { return std::isfinite(p.y) && p.y != 0; });
      if (any) chart.series.push_back(std::move(series));
    }
    return finished(chart, true);
  }

 private:
  static std::string finished(LineChart& chart, bool ratios) {
    chart.x_low = 0;
    chart.dots = false;
    if (ratios) chart.scale = apt_scale(heights(chart.series));
    if (chart.scale == Scale::logarithmic) chart.y_title += ", logarithmic";
    return draw(chart);
  }

  std::vector<std::string> labels_;
  std::vector<std::vector<Interval>> shown_;
  std::string remark_;
};

}  // namespace

std::string training_section(const Runs& runs) {
  const Charts charts(runs);
  std::string html = "<div class=\"charts\">\n";
  html += charts.one_value(
      "Loss", "loss", [](const Interval& one) { return one.loss; }, true);
  for (std::size_t r = 0; r < runs.size(); ++r) html += charts.terms(r);
  html += charts.one_value(
      "Learning rate", "rate", [](const Interval& one) { return one.learning_rate; }, false);
  html += charts.one_value(
      "Speed", "images/s, all ranks", [](const Interval& one) { return one.images_per_second; }, false);
  html += charts.one_value(
      "Norm of the gradient before the clip", "norm", [](const Interval& one) { return one.gradient_norm; }, true);
  return html + "</div>\n";
}

}  // namespace fastbox::report
