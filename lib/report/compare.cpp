#include "report/compare.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.hpp"
#include "eval/figure_text.hpp"
#include "report/run_entries.hpp"
#include "report/run_record.hpp"
#include "report/run_totals.hpp"

namespace fastbox::report {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::array difficulties = {"easy", "moderate", "hard"};
constexpr std::array averages = {"AP40", "AP11", "mean41"};

std::string state_of(Status status) {
  switch (status) {
    case Status::running:
      return "running";
    case Status::finished:
      return "finished";
    case Status::ended_early:
      return "ended early";
    case Status::untold:
      return "unknown";
  }
  return "unknown";
}

/// Figures by their names, in the order of first mention over both runs.
class FigureList {
 public:
  void add(std::size_t run, const std::string& name, const std::string& unit, int decimals, double value) {
    if (std::isnan(value)) return;
    const auto [place, is_new] = places_.try_emplace(name, all_.size());
    if (is_new) all_.push_back({name, unit, decimals, unknown, unknown});
    (run == 0 ? all_[place->second].a : all_[place->second].b) = value;
  }
  std::vector<ComparedFigure> all() && { return std::move(all_); }

 private:
  std::map<std::string, std::size_t> places_;
  std::vector<ComparedFigure> all_;
};

std::string figure_name(const std::string& object_class, std::size_t difficulty, std::size_t average) {
  return concat(object_class, ' ', difficulties[difficulty], ' ', averages[average]);
}

/// Of every class: eval.json's, or of a run that has none the last evaluation's.
void add_precision(std::size_t run, const RunRecord& record, FigureList& figures) {
  for (const auto& one : record.classes)
    for (std::size_t d = 0; d < difficulties.size(); ++d) {
      Figures latest;
      if (record.final_evaluation) {
        if (one.final_figures) latest = (*one.final_figures)[d];
      } else if (!one.evaluations.empty()) {
        latest = one.evaluations.back()[d];
      }
      const double values[] = {latest.ap40, latest.ap11, latest.mean41};
      for (std::size_t f = 0; f < averages.size(); ++f)
        figures.add(run, figure_name(one.name, d, f), "%", 2, values[f]);
    }
}

double known_count(std::int64_t count) {
  return count > 0 ? static_cast<double>(count) : unknown;
}

void add_figures(std::size_t run, const RunRecord& record, FigureList& figures) {
  add_precision(run, record, figures);
  figures.add(run, "samples", "", 0, known_count(record.samples()));
  figures.add(run, "steps", "", 0, known_count(record.steps()));
  figures.add(run, "images a step", "", 0, known_count(batch_of(record)));
  figures.add(run, "ranks", "", 0, known_count(record.ranks()));
  if (!record.intervals.empty()) figures.add(run, "loss, last line", "", 4, record.intervals.back().loss);
  figures.add(run, "images/s", "", 2, steady_images_per_second(record.intervals));
  const auto stages = stage_seconds(record.intervals);
  figures.add(run, "training", "s", 1, stages.whole);
  figures.add(run, "evaluations", "s", 1, record.told.evaluation);
  figures.add(run, "saves", "s", 1, record.told.save);
  figures.add(run, "start", "s", 1, record.told.startup);
  for (std::size_t s = 0; s < stage_names.size() && stages.steps > 0; ++s) {
    std::string name = stage_names[s];
    std::replace(name.begin(), name.end(), '_', ' ');
    figures.add(run, concat("a step's ", name), "ms", 1, 1e3 * stages.stages[s] / static_cast<double>(stages.steps));
  }
  if (record.final_evaluation)
    figures.add(run, "time an image", "ms", 1, record.final_evaluation->milliseconds_per_image);
}

std::vector<ComparedKey> differing_keys(const RunRecord& a, const RunRecord& b) {
  std::vector<ComparedKey> keys;
  for (const auto& entry : differing_entries({a, b}))
    keys.push_back({entry.key, entry.values[0], entry.values[1], "", ""});
  const auto find = [&](const RunRecord& record, std::string ComparedKey::*origin) {
    for (const auto& entry : run_entries(record.config_text))
      for (auto& key : keys)
        if (key.key == entry.key) key.*origin = entry.origin;
  };
  find(a, &ComparedKey::origin_a);
  find(b, &ComparedKey::origin_b);
  return keys;
}

using Row = std::array<std::string, 4>;

/// The first column to the left, the others (but of keys, which are words) to the right.
std::string aligned(const std::vector<Row>& rows, bool numbers) {
  Row widest;
  for (const auto& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c)
      if (row[c].size() > widest[c].size()) widest[c] = row[c];
  std::string text;
  for (const auto& row : rows) {
    std::string line = "  ";
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (widest[c].empty()) continue;
      const std::string blanks(widest[c].size() - row[c].size(), ' ');
      line += (c > 0 && numbers ? blanks + row[c] : row[c] + blanks) + "  ";
    }
    text += line.erase(line.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

std::string shown_figure(const ComparedFigure& figure, double value) {
  return std::isnan(value) ? "-" : fixed(value, figure.decimals);
}

Json side_json(const RunComparison::Side& side) {
  return {{"folder", side.folder.string()}, {"name", side.name}, {"state", side.state}};
}

}  // namespace

RunComparison compare_runs(const fs::path& a, const fs::path& b) {
  const std::array records = {read_run(a), read_run(b)};
  RunComparison comparison;
  FigureList figures;
  for (std::size_t run = 0; run < records.size(); ++run) {
    const auto& record = records[run];
    (run == 0 ? comparison.a : comparison.b) = {record.folder, record.name, state_of(record.status), record.problems};
    add_figures(run, record, figures);
  }
  comparison.figures = std::move(figures).all();
  comparison.keys = differing_keys(records[0], records[1]);
  return comparison;
}

std::string comparison_text(const RunComparison& comparison) {
  std::vector<Row> rows = {{"", "A", "B", "B - A"},
                           {"run", comparison.a.name, comparison.b.name, ""},
                           {"state", comparison.a.state, comparison.b.state, ""}};
  for (const auto& figure : comparison.figures) {
    const double difference = figure.b - figure.a;
    rows.push_back({concat(figure.name, figure.unit.empty() ? "" : ", " + figure.unit), shown_figure(figure, figure.a),
                    shown_figure(figure, figure.b),
                    std::isnan(difference) ? "" : concat(difference > 0 ? "+" : "", shown_figure(figure, difference))});
  }
  std::string text = aligned(rows, true);
  if (comparison.keys.empty()) return text + "\n  the settings are the same\n";
  rows = {{"settings that differ", "A", "B", ""}};
  for (const auto& key : comparison.keys)
    rows.push_back({key.key, key.a.empty() ? "-" : key.a, key.b.empty() ? "-" : key.b, ""});
  return text + '\n' + aligned(rows, false);
}

Json comparison_json(const RunComparison& comparison) {
  Json figures = Json::array(), keys = Json::array();
  for (const auto& figure : comparison.figures)
    figures.push_back({{"name", figure.name},
                       {"unit", figure.unit},
                       {"a", eval::figure_json(figure.a)},
                       {"b", eval::figure_json(figure.b)},
                       {"difference", eval::figure_json(figure.b - figure.a)}});
  for (const auto& key : comparison.keys)
    keys.push_back(
        {{"key", key.key}, {"a", key.a}, {"b", key.b}, {"origin_a", key.origin_a}, {"origin_b", key.origin_b}});
  return {{"runs", {side_json(comparison.a), side_json(comparison.b)}}, {"figures", figures}, {"keys", keys}};
}

}  // namespace fastbox::report
