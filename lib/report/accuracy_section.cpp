#include <algorithm>
#include <optional>

#include "base/text.hpp"
#include "report/class_records.hpp"
#include "report/html.hpp"
#include "report/line_chart.hpp"
#include "report/sections.hpp"

namespace fastbox::report {
namespace {

constexpr const char* difficulties[] = {"easy", "moderate", "hard"};
constexpr const char* difficulty_kinds[] = {"easy", "moderate", "hard"};

using Points = std::vector<Point>;

/// Whether charts must name their class: a run tells several apart, or not all runs are judged by the same one.
bool are_several(const Runs& runs) {
  return std::any_of(runs.begin(), runs.end(), [&](const RunRecord& run) {
    return run.classes.size() > 1 || run.object_class != runs[0].object_class;
  });
}

/// The classes that a run has figures of, in the order of first mention; where there are none, the first run's own.
std::vector<std::string> drawn_classes(const Runs& runs) {
  std::vector<std::string> names;
  for (const auto& run : runs)
    for (const auto& one : run.classes)
      if (has_figures(one) && std::find(names.begin(), names.end(), one.name) == names.end()) names.push_back(one.name);
  if (names.empty()) names.push_back(runs[0].object_class);
  return names;
}

/// Between the recalls (i - 1) / 40 and i / 40 the line is at the precision of slot i, so that the area under it is AP40.
Points precision_line(const std::vector<double>& precision) {
  Points points;
  if (precision.size() < 2) return points;
  const double slots = static_cast<double>(precision.size()) - 1;
  points.push_back({0, precision[0]});
  for (std::size_t i = 1; i < precision.size(); ++i) {
    points.push_back({(static_cast<double>(i) - 1) / slots, precision[i]});
    // Behind the last threshold precision is 0: the line ends where it falls.
    if (precision[i] == 0) break;
    points.push_back({static_cast<double>(i) / slots, precision[i]});
  }
  return points;
}

/// The charts of a class. One run: its three difficulties together. Several: a chart for each difficulty, or nobody
/// could tell them apart.
class ClassCharts {
 public:
  /// `is_named`: titles name the class, as there are several.
  ClassCharts(const Runs& runs, std::string name, bool is_named)
      : runs_(runs), labels_(labels_of(runs)), name_(std::move(name)), is_named_(is_named) {}

  std::string average_precision() const {
    LineChart chart{.title = titled("AP40 over samples"),
                    .subtitle = runs_.size() > 1 || is_named_ ? "percent" : concat("class ", name_, ", percent"),
                    .x_title = "samples",
                    .y_title = "AP40, percent",
                    .x_low = 0};
    return drawn(std::move(chart), [](const RunRecord& run, const ClassRecord& one, std::size_t d) {
      Points points;
      for (std::size_t e = 0; e < run.evaluations.size(); ++e)
        points.push_back({static_cast<double>(run.evaluations[e].samples), one.evaluations[e][d].ap40});
      return std::optional(points);
    });
  }

  std::string precision() const {
    const std::string title = titled("Precision over recall");
    const bool any = std::any_of(runs_.begin(), runs_.end(), [&](const RunRecord& run) {
      const ClassRecord* const one = shown_of(run);
      return one != nullptr && one->final_figures.has_value();
    });
    if (is_named_ && !any) return figure(title, "", {}, nothing_to_draw("eval.json has no figures of this class."));
    LineChart chart{.title = title,
                    .subtitle = "of eval.json; the area under a line is its AP40",
                    .x_title = "recall",
                    .y_title = "precision",
                    .dots = false,
                    .x_low = 0,
                    .x_high = 1,
                    .y_high = 1};
    return drawn(std::move(chart), [](const RunRecord& run, const ClassRecord& one, std::size_t d) {
      if (!run.final_evaluation) return std::optional<Points>();
      return std::optional(one.final_figures ? precision_line((*one.final_figures)[d].precision) : Points());
    });
  }

 private:
  std::string titled(const std::string& what) const { return is_named_ ? concat(what, ", ", name_) : what; }

  /// The run's record of the class; nullptr where there is nothing of it to draw beside other classes.
  const ClassRecord* shown_of(const RunRecord& run) const {
    const auto found =
        std::find_if(run.classes.begin(), run.classes.end(), [&](const ClassRecord& one) { return one.name == name_; });
    return found == run.classes.end() || (is_named_ && !has_figures(*found)) ? nullptr : &*found;
  }

  /// A line for each difficulty or run, but where `points_of` gives none.
  template <typename PointsOf>
  std::string drawn(LineChart chart, const PointsOf& points_of) const {
    const bool several = runs_.size() > 1;
    const std::string title = chart.title;
    std::string html;
    for (std::size_t d = 0; d < 3; ++d) {
      if (several) {
        chart.series.clear();
        chart.title = concat(title, ", ", difficulties[d]);
      }
      for (std::size_t r = 0; r < runs_.size(); ++r) {
        const ClassRecord* const one = shown_of(runs_[r]);
        if (one == nullptr) continue;
        const std::optional<Points> points = points_of(runs_[r], *one, d);
        if (!points) continue;
        chart.series.push_back({several ? labels_[r] : difficulties[d], several ? series_kind(r) : difficulty_kinds[d],
                                *points, Mark::line});
      }
      if (several) html += draw(chart);
    }
    return several ? html : draw(chart);
  }

  const Runs& runs_;
  std::vector<std::string> labels_;
  std::string name_;
  bool is_named_;
};

std::string charts_of(const Runs& runs) {
  const bool is_named = are_several(runs);
  const bool any_final =
      std::any_of(runs.begin(), runs.end(), [](const RunRecord& run) { return run.final_evaluation.has_value(); });
  std::string html;
  for (const auto& name : drawn_classes(runs)) {
    const ClassCharts charts(runs, name, is_named);
    html += charts.average_precision();
    if (any_final) html += charts.precision();
  }
  if (!any_final)
    html += figure("Precision over recall", "", {},
                   nothing_to_draw("A run writes eval.json, which has the curves, when it is finished."));
  return html;
}

std::string figures_table(const RunRecord& run) {
  const auto& evaluation = *run.final_evaluation;
  const bool several = run.classes.size() > 1;
  std::vector<Table::Column> columns;
  if (several) columns.push_back({"class"});
  columns.push_back({"difficulty"});
  for (const char* const title : {"AP40", "AP11", "mean of 41", "ground truths"}) columns.push_back({title, true});
  Table table(std::move(columns));
  const auto add = [&](const std::string& name, const std::array<FinalFigures, 3>& figures) {
    for (std::size_t d = 0; d < 3; ++d) {
      const auto& one = figures[d];
      std::vector<Html> cells = {difficulties[d], dash_or_fixed(one.ap40, 2), dash_or_fixed(one.ap11, 2),
                                 dash_or_fixed(one.mean41, 2), grouped(one.ground_truths)};
      if (several) cells.insert(cells.begin(), Html(d == 0 ? name : ""));
      table.add(std::move(cells));
    }
  };
  if (!several) add(run.object_class, evaluation.figures);
  for (const auto& one : run.classes)
    if (several && has_final_figures(one)) add(one.name, *one.final_figures);
  return (table.empty() ? "" : table.html()) +
         note(concat("eval.json: ", several ? "" : concat("class ", run.object_class, ", "),
                     counted(evaluation.frames, "frame", "frames"), ", evaluator ", evaluation.evaluator, ", ",
                     dash_or_significant(evaluation.milliseconds_per_image, 3),
                     " ms an image (forward, decoding and suppression).",
                     several ? concat(" The run is judged by the class ", run.object_class, '.') : ""));
}

/// Names the classes that an evaluated run tells apart and has no latest figures of.
std::string classes_without(const RunRecord& run) {
  std::vector<std::string> names;
  for (const auto& one : run.classes)
    if (const std::string why = why_without_figures(run, one); !why.empty())
      names.push_back(concat(one.name, " (", why, ')'));
  return run.classes.size() < 2 || names.empty() ? "" : note(concat("No figures of: ", join(names, ", "), '.'));
}

/// A row an evaluation; of several classes, a row for each within it.
std::string evaluations_table(const RunRecord& run) {
  std::vector<const ClassRecord*> classes;
  for (const auto& one : run.classes)
    if (has_figures(one)) classes.push_back(&one);
  if (classes.empty()) classes.push_back(&run.classes[0]);
  const bool several = run.classes.size() > 1;
  std::vector<Table::Column> columns = {{"step", true}, {"samples", true}};
  if (several) columns.push_back({"class"});
  for (const char* const title : {"easy", "moderate", "hard", "ms an image", "seconds"})
    columns.push_back({title, true});
  Table table(std::move(columns));
  for (std::size_t e = 0; e < run.evaluations.size(); ++e)
    for (const ClassRecord* const one : classes) {
      const auto& evaluation = run.evaluations[e];
      const auto once = [&](const std::string& cell) { return one == classes[0] ? cell : ""; };
      std::vector<Html> cells = {once(grouped(evaluation.step)), once(grouped(evaluation.samples))};
      if (several) cells.emplace_back(one->name);
      for (const auto& figures : one->evaluations[e]) cells.emplace_back(dash_or_fixed(figures.ap40, 2));
      cells.emplace_back(once(dash_or_significant(evaluation.milliseconds_per_image, 3)));
      cells.emplace_back(once(dash_or_fixed(evaluation.seconds, 1)));
      table.add(std::move(cells));
    }
  return details(
      concat("Every evaluation: AP40 of ", counted(std::ssize(run.evaluations), "evaluation", "evaluations")),
      table.html());
}

}  // namespace

std::string accuracy_section(const Runs& runs) {
  std::string html = concat("<div class=\"charts\">\n", charts_of(runs), "</div>\n");
  for (std::size_t r = 0; r < runs.size(); ++r) {
    const std::string calibration = calibration_part(runs[r]);
    const bool is_evaluated = runs[r].final_evaluation || !runs[r].evaluations.empty();
    if (!is_evaluated && calibration.empty()) continue;
    html += run_heading(runs, r);
    if (runs[r].final_evaluation) html += figures_table(runs[r]);
    if (is_evaluated) html += classes_without(runs[r]);
    if (!runs[r].evaluations.empty()) html += evaluations_table(runs[r]);
    html += calibration;
  }
  return html;
}

}  // namespace fastbox::report
