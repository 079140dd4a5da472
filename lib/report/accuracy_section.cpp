#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "report/html.hpp"
#include "report/line_chart.hpp"
#include "report/run_totals.hpp"
#include "report/sections.hpp"

namespace fastbox::report {
namespace {

constexpr const char* difficulties[] = {"easy", "moderate", "hard"};
constexpr const char* difficulty_kinds[] = {"easy", "moderate", "hard"};

std::string ap_chart(const Runs& runs) {
  const auto labels = labels_of(runs);
  const bool several = runs.size() > 1;
  LineChart chart{
      .title = "AP40 over samples",
      .subtitle = several ? "a chart for each difficulty" : concat("class ", runs[0].object_class, ", percent"),
      .x_title = "samples",
      .y_title = "AP40, percent"};
  chart.x_low = 0;
  std::string html;
  // One run: its three difficulties together. Several: a chart for each difficulty, or nobody could tell them apart.
  for (std::size_t d = 0; d < 3; ++d) {
    if (several) {
      chart.series.clear();
      chart.title = concat("AP40 over samples, ", difficulties[d]);
      chart.subtitle = "percent";
    }
    for (std::size_t r = 0; r < runs.size(); ++r) {
      Series series{
          several ? labels[r] : difficulties[d], several ? series_kind(r) : difficulty_kinds[d], {}, Mark::line};
      for (const auto& evaluation : runs[r].evaluations)
        series.points.push_back({static_cast<double>(evaluation.samples), evaluation.figures[d].ap40});
      chart.series.push_back(std::move(series));
    }
    if (several) html += draw(chart);
  }
  return several ? html : draw(chart);
}

/// Between the recalls (i - 1) / 40 and i / 40 the line is at the precision of slot i, so that the area under it is AP40.
std::vector<Point> precision_line(const std::vector<double>& precision) {
  std::vector<Point> points;
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

std::string precision_charts(const Runs& runs) {
  const auto labels = labels_of(runs);
  const bool several = runs.size() > 1;
  std::string html;
  LineChart chart{.title = "Precision over recall",
                  .subtitle = "of eval.json; the area under a line is its AP40",
                  .x_title = "recall",
                  .y_title = "precision",
                  .dots = false,
                  .x_low = 0,
                  .x_high = 1,
                  .y_high = 1};
  bool any = false;
  for (std::size_t d = 0; d < 3; ++d) {
    if (several) chart.series.clear(), chart.title = concat("Precision over recall, ", difficulties[d]);
    for (std::size_t r = 0; r < runs.size(); ++r) {
      if (!runs[r].final_evaluation) continue;
      any = true;
      chart.series.push_back({several ? labels[r] : difficulties[d], several ? series_kind(r) : difficulty_kinds[d],
                              precision_line(runs[r].final_evaluation->figures[d].precision), Mark::line});
    }
    if (several && any) html += draw(chart);
  }
  if (!any)
    return figure(chart.title, "", {},
                  nothing_to_draw("A run writes eval.json, which has the curves, when it is finished."));
  return several ? html : draw(chart);
}

std::string figures_table(const RunRecord& run) {
  const auto& evaluation = *run.final_evaluation;
  Table table({{"difficulty"}, {"AP40", true}, {"AP11", true}, {"mean of 41", true}, {"ground truths", true}});
  for (std::size_t d = 0; d < 3; ++d) {
    const auto& one = evaluation.figures[d];
    table.add({difficulties[d], dash_or_fixed(one.ap40, 2), dash_or_fixed(one.ap11, 2), dash_or_fixed(one.mean41, 2),
               grouped(one.ground_truths)});
  }
  return table.html() + note(concat("eval.json: class ", run.object_class, ", ",
                                    counted(evaluation.frames, "frame", "frames"), ", evaluator ", evaluation.evaluator,
                                    ", ", dash_or_significant(evaluation.milliseconds_per_image, 3),
                                    " ms an image (forward, decoding and suppression)."));
}

std::string evaluations_table(const RunRecord& run) {
  Table table({{"step", true},
               {"samples", true},
               {"easy", true},
               {"moderate", true},
               {"hard", true},
               {"ms an image", true},
               {"seconds", true}});
  for (const auto& one : run.evaluations)
    table.add({grouped(one.step), grouped(one.samples), dash_or_fixed(one.figures[0].ap40, 2),
               dash_or_fixed(one.figures[1].ap40, 2), dash_or_fixed(one.figures[2].ap40, 2),
               dash_or_significant(one.milliseconds_per_image, 3), dash_or_fixed(one.seconds, 1)});
  return details(
      concat("Every evaluation: AP40 of ", counted(std::ssize(run.evaluations), "evaluation", "evaluations")),
      table.html());
}

}  // namespace

std::string accuracy_section(const Runs& runs) {
  std::string html = concat("<div class=\"charts\">\n", ap_chart(runs), precision_charts(runs), "</div>\n");
  for (std::size_t r = 0; r < runs.size(); ++r) {
    const std::string calibration = calibration_part(runs[r]);
    if (!runs[r].final_evaluation && runs[r].evaluations.empty() && calibration.empty()) continue;
    html += run_heading(runs, r);
    if (runs[r].final_evaluation) html += figures_table(runs[r]);
    if (!runs[r].evaluations.empty()) html += evaluations_table(runs[r]);
    html += calibration;
  }
  return html;
}

}  // namespace fastbox::report
