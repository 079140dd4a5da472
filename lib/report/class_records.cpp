#include "report/class_records.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/object_classes.hpp"
#include "io/json_text.hpp"

namespace fastbox::report {
namespace {

using Json = nlohmann::json;
using AllFigures = std::array<Figures, 3>;

constexpr std::array difficulties = {"easy", "moderate", "hard"};

/// The record's class of that name, which is added where there is none.
ClassRecord& class_of(const std::string& name, RunRecord& record) {
  const auto found = std::find_if(record.classes.begin(), record.classes.end(),
                                  [&](const ClassRecord& one) { return one.name == name; });
  if (found != record.classes.end()) return *found;
  ClassRecord& added = record.classes.emplace_back();
  added.name = name;
  added.evaluations.resize(record.evaluations.size());
  return added;
}

/// The object of that key; null where there is none.
const Json& object_in(const Json& json, const char* key) {
  static const Json none;
  if (!json.is_object()) return none;
  const auto found = json.find(key);
  return found != json.end() && found->is_object() ? *found : none;
}

AllFigures figures_in(const Json& of_class) {
  AllFigures figures;
  for (std::size_t d = 0; d < difficulties.size(); ++d) {
    const Json& one = object_in(of_class, difficulties[d]);
    figures[d] = {number_in(one, "ap40"), number_in(one, "ap11"), number_in(one, "mean41")};
  }
  return figures;
}

bool is_known(const AllFigures& figures) {
  return std::any_of(figures.begin(), figures.end(), [](const Figures& one) { return std::isfinite(one.ap40); });
}

/// Without a ground truth AP is 0 however good the detections are.
bool has_ground_truths(const std::array<FinalFigures, 3>& figures) {
  return std::any_of(figures.begin(), figures.end(),
                     [](const FinalFigures& one) { return one.ground_truths > 0 || one.ap40 > 0; });
}

}  // namespace

void name_classes(RunRecord& record) {
  class_of(record.object_class, record);
  if (!record.config) return;
  for (const auto& one : config::object_classes(record.config->settings)) class_of(lower(one.name), record);
}

void read_class_evaluations(std::string_view metrics, RunRecord& record) {
  std::map<std::string, std::map<std::int64_t, AllFigures>> told;  // by class and step
  for (const auto line : split(metrics, '\n')) {
    // Most lines tell of training alone, and have been read once.
    if (line.find("\"ap\"") == std::string_view::npos) continue;
    try {
      const Json json = io::parse_json(line, "metrics.jsonl");
      const auto step = whole_in(json, "step");
      if (!step) continue;
      for (const auto& [name, of_class] : object_in(json, "ap").items())
        if (const AllFigures figures = figures_in(of_class); is_known(figures)) told[name][*step] = figures;
    } catch (const Error&) {
      continue;  // read_metrics has counted it
    }
  }
  for (const auto& [name, by_step] : told) class_of(name, record);
  for (auto& one : record.classes) {
    const auto& by_step = told[one.name];
    one.evaluations.clear();
    for (const auto& evaluation : record.evaluations) {
      const auto found = by_step.find(evaluation.step);
      AllFigures figures = found == by_step.end() ? AllFigures{} : found->second;
      if (one.name == record.object_class) figures = evaluation.figures;
      one.evaluations.push_back(figures);
    }
  }
}

void read_final_classes(const Json& classes, RunRecord& record) {
  for (const auto& [name, of_class] : classes.items())
    if (of_class.is_object() && !of_class.empty()) class_of(name, record).final_figures = final_figures(of_class);
}

std::array<FinalFigures, 3> final_figures(const Json& of_class) {
  std::array<FinalFigures, 3> all;
  for (std::size_t d = 0; d < difficulties.size(); ++d) {
    const Json& one = object_in(of_class, difficulties[d]);
    FinalFigures& figures = all[d];
    figures.ap40 = number_in(one, "ap40");
    figures.ap11 = number_in(one, "ap11");
    figures.mean41 = number_in(one, "mean41");
    figures.ground_truths = whole_in(one, "ground_truths").value_or(0);
    if (const auto found = one.find("precision"); found != one.end() && found->is_array())
      for (const auto& slot : *found) figures.precision.push_back(slot.is_number() ? slot.get<double>() : unknown);
  }
  return all;
}

bool has_final_figures(const ClassRecord& one) {
  return one.final_figures && has_ground_truths(*one.final_figures);
}

bool has_figures(const ClassRecord& one) {
  if (one.final_figures) return has_final_figures(one);
  return std::any_of(one.evaluations.begin(), one.evaluations.end(), is_known);
}

std::string why_without_figures(const RunRecord& run, const ClassRecord& one) {
  if (one.final_figures) return has_final_figures(one) ? "" : "the frames hold no ground truth of it";
  if (run.final_evaluation) return "no detection of the last evaluation names it";
  return has_figures(one) ? "" : "no detection names it yet";
}

}  // namespace fastbox::report
