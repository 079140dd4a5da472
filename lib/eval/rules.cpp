#include "eval/rules.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace fastbox::eval {
namespace {

constexpr std::array<const char*, 3> evaluator_names = {"kitti2017", "kitti2017a", "kitti2012"};

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::any_of(words.begin(), words.end(), [&](const auto& one) { return lower(one) == lower(word); });
}

ClassRules rules_of(const ObjectClass& one) {
  if (is_benchmark_class(one.name)) return kitti_classes()[Rules().place_of(one.name)];
  return {one.name, lower(one.name), one.labels, one.ignored, 0.5};
}

}  // namespace

const char* name_of(Evaluator evaluator) {
  return evaluator_names[static_cast<std::size_t>(evaluator)];
}

Evaluator evaluator_named(const std::string& name) {
  for (std::size_t i = 0; i < evaluator_names.size(); ++i)
    if (name == evaluator_names[i]) return static_cast<Evaluator>(i);
  fail(ExitCode::usage, "evaluator '", name, "', expected kitti2017, kitti2017a or kitti2012");
}

const std::vector<ClassRules>& kitti_classes() {
  static const std::vector<ClassRules> classes = {{"Car", "car", {"Car"}, {"Van"}, 0.7},
                                                  {"Pedestrian", "pedestrian", {"Pedestrian"}, {"Person_sitting"}, 0.5},
                                                  {"Cyclist", "cyclist", {"Cyclist"}, {}, 0.5}};
  return classes;
}

bool ClassRules::counts(const std::string& type) const {
  return contains(types, type);
}

bool ClassRules::ignores(const std::string& type) const {
  return contains(neighbours, type);
}

std::size_t Rules::place_of(const std::string& name) const {
  const std::string key = lower(name);
  const auto found = std::find_if(classes.begin(), classes.end(), [&](const auto& one) { return one.name == key; });
  return static_cast<std::size_t>(found - classes.begin());
}

Rules rules_for(Evaluator evaluator, std::span<const ObjectClass> classes, const std::vector<std::string>& overlaps,
                const std::string& place) {
  Rules rules(evaluator);
  const auto names = evaluated_classes(classes);
  const auto is_own = [](const std::string& name) { return !is_benchmark_class(name); };
  if (std::any_of(names.begin(), names.end(), is_own)) {
    rules.classes.clear();
    for (const auto& one : classes) rules.classes.push_back(rules_of(one));
  }
  for (const auto& [name, overlap] : parse_class_overlaps(overlaps, names, place))
    rules.classes[rules.place_of(name)].minimum_overlap = overlap;
  return rules;
}

}  // namespace fastbox::eval
