#include <map>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "base/text.hpp"
#include "report/html.hpp"
#include "report/line_chart.hpp"
#include "report/sections.hpp"

namespace fastbox::report {
namespace {

/// AP40 moderate of the run's class; NaN where it is null. Throws nlohmann's where the file is of another form.
double figure_in(const nlohmann::json& classes, const std::string& object_class) {
  return number_in(classes.at(object_class), "moderate");
}

std::string of_run(const RunRecord& run, const nlohmann::json& told) {
  LineChart chart{.title = "AP40 on worse pictures",
                  .subtitle = concat("class ", run.object_class, ", moderate, percent; severity 0: as they are"),
                  .x_title = "severity",
                  .y_title = "AP40, percent",
                  .x_low = 0};
  Table table({{"pictures"}, {"severity", true}, {"strength", true}, {"AP40 moderate", true}, {"change", true}});
  const double clean = figure_in(told.at("clean"), run.object_class);
  table.add({"as they are", "", "", dash_or_fixed(clean, 2), ""});
  std::map<std::string, std::size_t> places;
  for (const auto& row : told.at("corruptions")) {
    const auto name = row.at("name").get<std::string>();
    const double now = figure_in(row.at("classes"), run.object_class);
    const auto [place, is_new] = places.emplace(name, chart.series.size());
    if (is_new) chart.series.push_back({name, series_kind(place->second), {{0, clean}}, Mark::line});
    chart.series[place->second].points.push_back({row.at("severity").get<double>(), now});
    table.add({name, dash_or_fixed(row.at("severity").get<double>(), 0),
               dash_or_significant(row.at("strength").get<double>(), 3), dash_or_fixed(now, 2),
               dash_or_fixed(now - clean, 2)});
  }
  return concat(
      "<div class=\"charts\">\n", draw(chart), "</div>\n", table.html(),
      note(concat(
          "Noise: standard deviation, of 0 to 255. Blur: the same in pixels. Darkness: factor of every channel. "
          "JPEG: quality. robustness.json has every class and difficulty.",
          told.contains("list") ? concat(" Frames: ", told.value("list", ""), " of ", told.value("data", ""), '.')
                                : std::string())));
}

}  // namespace

std::string robustness_section(const Runs& runs) {
  std::string html;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    const auto file = runs[r].folder / "robustness.json";
    if (!std::filesystem::exists(file)) continue;
    html += run_heading(runs, r);
    try {
      html += of_run(runs[r], nlohmann::json::parse(read_file(file)));
    } catch (const nlohmann::json::exception&) {
      html += note(concat(file.string(), " is not what fastbox eval --robustness writes."));
    }
  }
  return html;
}

}  // namespace fastbox::report
