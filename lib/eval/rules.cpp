#include "eval/rules.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace fastbox::eval {
namespace {

constexpr std::array<const char*, 3> evaluator_names = {"kitti2017", "kitti2017a", "kitti2012"};

/// The benchmark's class of that name, or none.
const ClassRules* find_kitti_class(const std::string& name) {
  const auto& all = kitti_classes();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == lower(name); });
  return found == all.end() ? nullptr : &*found;
}

ClassRules rules_of(const ObjectClass& one) {
  if (const ClassRules* known = find_kitti_class(one.name)) return *known;
  return {one.name, lower(one.name), one.labels, one.ignored, 0.5};
}

void set_overlap(Rules& rules, const std::string& text, const std::string& place) {
  const auto [name, overlap] = parse_class_overlap(text, place);
  const std::size_t c = rules.place_of(name);
  std::vector<std::string> titles;
  for (const auto& one : rules.classes) titles.push_back(one.title);
  if (c == rules.classes.size())
    fail(ExitCode::usage, place, ": '", text, "' names no class that is evaluated, expected one of ",
         join(titles, ", "));
  rules.classes[c].minimum_overlap = overlap;
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

std::size_t Rules::place_of(const std::string& name) const {
  const std::string key = lower(name);
  const auto found = std::find_if(classes.begin(), classes.end(), [&](const auto& one) { return one.name == key; });
  return static_cast<std::size_t>(found - classes.begin());
}

Rules rules_for(Evaluator evaluator, std::span<const ObjectClass> classes, const std::vector<std::string>& overlaps,
                const std::string& place) {
  Rules rules(evaluator);
  const auto is_own = [](const ObjectClass& one) { return find_kitti_class(one.name) == nullptr; };
  if (std::any_of(classes.begin(), classes.end(), is_own)) {
    rules.classes.clear();
    for (const auto& one : classes) rules.classes.push_back(rules_of(one));
  }
  for (const auto& text : overlaps) set_overlap(rules, text, place);
  return rules;
}

}  // namespace fastbox::eval
