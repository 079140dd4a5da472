#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.hpp"
#include "report/html.hpp"
#include "report/run_entries.hpp"
#include "report/run_totals.hpp"
#include "report/sections.hpp"

namespace fastbox::report {
namespace {

/// Images/s a rank, over those of the run with the fewest ranks.
std::string scaling_table(const Runs& runs) {
  const auto labels = labels_of(runs);
  std::vector<std::size_t> order;
  for (std::size_t r = 0; r < runs.size(); ++r)
    if (runs[r].ranks() > 0) order.push_back(r);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return runs[a].ranks() < runs[b].ranks(); });
  const auto per_rank = [&](std::size_t r) {
    return steady_images_per_second(runs[r].intervals) / static_cast<double>(runs[r].ranks());
  };
  Table table({{"run"},
               {"ranks", true},
               {"batch", true},
               {"steps", true},
               {"training", true},
               {"easy", true},
               {"moderate", true},
               {"hard", true},
               {"images/s", true},
               {"efficiency", true}});
  for (const std::size_t r : order) {
    const auto figures = latest_figures(runs[r]);
    table.add({labels[r], grouped(runs[r].ranks()), grouped(batch_of(runs[r])), grouped(runs[r].steps()),
               duration_text(stage_seconds(runs[r].intervals).whole), dash_or_fixed(figures[0].ap40, 2),
               dash_or_fixed(figures[1].ap40, 2), dash_or_fixed(figures[2].ap40, 2),
               dash_or_significant(steady_images_per_second(runs[r].intervals), 4),
               dash_or_fixed(per_rank(r) / per_rank(order[0]), 3)});
  }
  return table.html() +
         note(concat("Efficiency: images/s a rank over those of ", labels[order[0]],
                     ". Images/s without evaluations and saves, and without the first tenth of each run's "
                     "lines. AP40 in percent."));
}

bool differ_in_ranks(const Runs& runs) {
  std::set<std::int64_t> ranks;
  for (const auto& run : runs)
    if (run.ranks() > 0) ranks.insert(run.ranks());
  return ranks.size() > 1;
}

std::string metrics_table(const Runs& runs) {
  std::vector<Table::Column> columns = {{"at the end"}};
  for (const auto& label : labels_of(runs)) columns.push_back({label, true});
  Table table(columns);
  const auto add = [&](const std::string& name, const auto& value) {
    std::vector<Html> cells = {name};
    for (const auto& run : runs) cells.push_back(value(run));
    table.add(std::move(cells));
  };
  add("state", [](const RunRecord& run) { return status_text(run); });
  add("samples", [](const RunRecord& run) { return grouped(run.samples()); });
  add("ranks", [](const RunRecord& run) { return run.ranks() > 0 ? grouped(run.ranks()) : "–"; });
  add("loss", [](const RunRecord& run) {
    return run.intervals.empty() ? "–" : dash_or_significant(run.intervals.back().loss, 4);
  });
  const char* const difficulties[] = {"easy", "moderate", "hard"};
  for (std::size_t d = 0; d < 3; ++d)
    add(concat("AP40 ", difficulties[d]),
        [d](const RunRecord& run) { return dash_or_fixed(latest_figures(run)[d].ap40, 2); });
  add("images/s", [](const RunRecord& run) { return dash_or_significant(steady_images_per_second(run.intervals), 4); });
  add("training", [](const RunRecord& run) { return duration_text(stage_seconds(run.intervals).whole); });
  return table.html();
}

std::string differences_table(const Runs& runs) {
  const auto all = differing_entries(runs);
  if (all.empty()) return note("The runs' settings are the same.");
  std::vector<Table::Column> columns = {{"key"}};
  for (const auto& label : labels_of(runs)) columns.push_back({label});
  Table table(columns);
  for (const auto& entry : all) {
    std::vector<Html> cells = {Html::raw(concat("<code>", escape(entry.key), "</code>"))};
    for (const auto& value : entry.values)
      cells.push_back(value.empty() ? Html("–") : Html::raw(concat("<code>", escape(value), "</code>")));
    table.add(std::move(cells));
  }
  return table.html();
}

}  // namespace

std::string comparison_section(const Runs& runs) {
  if (runs.size() < 2) return "";
  std::string html;
  if (differ_in_ranks(runs)) html += element("h3", "", "Scaling") + scaling_table(runs);
  html += element("h3", "", "Side by side") + metrics_table(runs);
  return html + element("h3", "", "Settings that differ") + differences_table(runs);
}

}  // namespace fastbox::report
