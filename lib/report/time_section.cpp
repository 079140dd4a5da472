#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "report/bar_chart.hpp"
#include "report/html.hpp"
#include "report/line_chart.hpp"
#include "report/metrics_lines.hpp"
#include "report/run_totals.hpp"
#include "report/sections.hpp"

namespace fastbox::report {
namespace {

constexpr std::size_t most_bars = 50, most_ranks_drawn = 16, most_late_drawn = 5;

const std::vector<Part>& stages() {
  static const std::vector<Part> parts = {{"waiting for data", "t0"}, {"forward", "t1"},   {"backward", "t2"},
                                          {"exposed exchange", "t3"}, {"optimiser", "t4"}, {"other", "t5"}};
  return parts;
}

const std::vector<Part>& rank_stages() {
  static const std::vector<Part> parts = {{"data", "t0"}, {"compute", "t1"}, {"exchange", "t3"}};
  return parts;
}

std::string percent(double part, double whole) {
  return whole > 0 ? dash_or_fixed(100 * part / whole, 1) + " %" : "–";
}

std::string over_samples(const std::vector<Interval>& intervals, const std::string& title) {
  UprightBars chart{.title = title,
                    .subtitle = "milliseconds a step, mean over the ranks",
                    .x_title = "samples",
                    .y_title = "ms a step",
                    .parts = stages()};
  for (const auto& interval : joined(intervals, most_bars)) {
    const auto all = stage_seconds({interval});
    if (all.steps == 0) continue;
    auto values = all.parts();
    for (double& value : values) value *= 1e3 / static_cast<double>(all.steps);
    const auto end = static_cast<double>(interval.samples);
    chart.bars.push_back({end - static_cast<double>(interval.images), end, std::move(values)});
  }
  return draw(chart);
}

std::string in_all(const Runs& runs) {
  const auto labels = labels_of(runs);
  LyingBars chart{.title = "In all",
                  .subtitle = runs.size() > 1 ? "percent of each run's training time" : "percent of the training time",
                  .x_title = "percent",
                  .parts = stages()};
  for (std::size_t r = 0; r < runs.size(); ++r) {
    const auto all = stage_seconds(runs[r].intervals);
    auto values = all.parts();
    double sum = 0;
    for (const double value : values) sum += value;
    for (double& value : values) value *= sum > 0 ? 100 / sum : 0;
    chart.bars.push_back({labels[r], duration_text(all.whole), std::move(values)});
  }
  return draw(chart);
}

std::string stage_table(const RunRecord& run) {
  const auto all = stage_seconds(run.intervals);
  if (all.steps == 0) return note("metrics.jsonl has no times yet.");
  Table table({{"stage"}, {"ms a step", true}, {"in all", true}, {"share", true}});
  const auto parts = all.parts();
  for (std::size_t i = 0; i < parts.size(); ++i)
    table.add({stages()[i].name, dash_or_fixed(1e3 * parts[i] / static_cast<double>(all.steps), 1),
               duration_text(parts[i]), percent(parts[i], all.whole)});
  table.add_sum({"step", dash_or_fixed(1e3 * all.whole / static_cast<double>(all.steps), 1), duration_text(all.whole),
                 "100.0 %"});
  return table.html() +
         note(concat(counted(all.steps, "step", "steps"),
                     ", without evaluations and saves. Exposed exchange: of gradients, what backward does not "
                     "hide. Other: between the stages."));
}

std::string rank_chart(const std::vector<std::array<double, 3>>& ranks) {
  LyingBars chart{.title = "Rank by rank",
                  .subtitle = "each rank's own milliseconds a step, before any waiting for others",
                  .x_title = "ms a step",
                  .parts = rank_stages()};
  std::vector<std::size_t> order(ranks.size());
  for (std::size_t r = 0; r < order.size(); ++r) order[r] = r;
  const auto own = [&](std::size_t r) { return ranks[r][0] + ranks[r][1]; };
  if (order.size() > most_ranks_drawn) {
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return own(a) > own(b); });
    order.resize(most_ranks_drawn);
    chart.title = concat("The ", most_ranks_drawn, " slowest ranks");
  }
  for (const std::size_t r : order) {
    std::vector<double> values;
    double sum = 0;
    for (const double seconds : ranks[r]) values.push_back(1e3 * seconds), sum += 1e3 * seconds;
    chart.bars.push_back({concat("rank ", r), dash_or_fixed(sum, 1) + " ms", std::move(values)});
  }
  return draw(chart);
}

std::string rank_table(const std::vector<std::array<double, 3>>& ranks) {
  Table table({{"rank", true}, {"data, ms", true}, {"compute, ms", true}, {"exchange, ms", true}});
  for (std::size_t r = 0; r < ranks.size(); ++r)
    table.add({grouped(static_cast<long long>(r)), dash_or_fixed(1e3 * ranks[r][0], 2),
               dash_or_fixed(1e3 * ranks[r][1], 1), dash_or_fixed(1e3 * ranks[r][2], 2)});
  return details("Every rank in figures, a step", table.html());
}

/// When who was late: a dot for each interval that has a straggler.
std::string late_chart(const RunRecord& run, const std::vector<LateRank>& late) {
  LineChart chart{.title = "Stragglers over the run",
                  .subtitle = "a dot for each line of metrics.jsonl in which a rank held up the others",
                  .x_title = "samples",
                  .y_title = "ms a step behind the median rank"};
  std::vector<std::int64_t> ranks;
  for (const auto& one : late)
    if (std::find(ranks.begin(), ranks.end(), one.rank) == ranks.end()) ranks.push_back(one.rank);
  const bool others = ranks.size() > most_late_drawn;
  const std::size_t named = std::min(ranks.size(), most_late_drawn);
  for (std::size_t i = 0; i < named + (others ? 1 : 0); ++i) {
    Series series{i < named ? concat("rank ", ranks[i]) : "other ranks", series_kind(i), {}, Mark::dot};
    for (const auto& interval : run.intervals) {
      if (!interval.straggler) continue;
      const auto place =
          static_cast<std::size_t>(std::find(ranks.begin(), ranks.end(), interval.straggler->rank) - ranks.begin());
      if (std::min(place, named) == i)
        series.points.push_back({static_cast<double>(interval.samples), 1e3 * interval.straggler->late_seconds});
    }
    chart.series.push_back(std::move(series));
  }
  for (const auto& series : chart.series) chart.legend.push_back({series.name, series.kind, Mark::dot});
  chart.x_low = 0;
  chart.x_high = static_cast<double>(run.samples());
  return draw(chart);
}

std::string late_table(const RunRecord& run, const std::vector<LateRank>& late) {
  Table table({{"rank", true},
               {"cause"},
               {"lines", true},
               {"of all", true},
               {"late, mean", true},
               {"late, most", true},
               {"cost at most", true}});
  const auto lines = static_cast<double>(run.intervals.size());
  for (const auto& one : late)
    table.add({grouped(one.rank), one.cause, grouped(one.intervals), percent(static_cast<double>(one.intervals), lines),
               dash_or_fixed(1e3 * one.mean_late, 1) + " ms", dash_or_fixed(1e3 * one.most_late, 1) + " ms",
               duration_text(one.late_in_all)});
  return table.html() +
         note(
             "Late: a step, behind the median rank. Cost: late times the steps of those lines, which is what the "
             "others waited at most.");
}

std::string ranks_part(const RunRecord& run) {
  const auto ranks = mean_rank_times(run.intervals);
  if (ranks.empty()) return note("One rank: there is nobody to wait for.");
  const auto late = late_ranks(run.intervals);
  std::string html = "<div class=\"charts\">\n<div>" + rank_chart(ranks) + rank_table(ranks) + "</div>\n";
  if (late.empty()) return html + "</div>\n" + note("No rank held up the others in any line of metrics.jsonl.");
  return html + late_chart(run, late) + "</div>\n" + late_table(run, late);
}

}  // namespace

std::string time_section(const Runs& runs) {
  const auto labels = labels_of(runs);
  std::string html = "<div class=\"charts\">\n<div>" + in_all(runs);
  if (runs.size() == 1) html += stage_table(runs[0]);
  html += "</div>\n";
  for (std::size_t r = 0; r < runs.size(); ++r)
    html += over_samples(runs[r].intervals, runs.size() > 1 ? concat("Over the run, ", labels[r]) : "Over the run");
  html += "</div>\n";
  for (std::size_t r = 0; r < runs.size(); ++r)
    html += run_heading(runs, r) + (runs.size() > 1 ? stage_table(runs[r]) : "") + ranks_part(runs[r]);
  return html;
}

}  // namespace fastbox::report
