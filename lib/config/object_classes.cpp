#include "config/object_classes.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace fastbox::config {
namespace {

const std::vector<std::string> of_benchmark = {"Car", "Pedestrian", "Cyclist"};

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::any_of(words.begin(), words.end(), [&](const auto& one) { return lower(one) == lower(word); });
}

}  // namespace

std::vector<ObjectClass> object_classes(const Settings& settings) {
  const auto& targets = settings.targets;
  const auto& type = settings.evaluation.type;
  if (targets.classes.empty()) {
    if (!contains(of_benchmark, type) && !contains(targets.positives, type))
      fail(ExitCode::usage, "evaluation.type: '", type,
           "', expected Car, Pedestrian, Cyclist or one of targets.positives [", join(targets.positives, ", "), ']');
    return {{type, targets.positives, {}}};
  }
  if (targets.classes.size() > most_classes)
    fail(ExitCode::usage, "targets.classes: ", targets.classes.size(), " classes, expected at most ", most_classes);
  auto classes = parse_object_classes(targets.classes, "targets.classes");
  if (std::none_of(classes.begin(), classes.end(), [&](const auto& one) { return lower(one.name) == lower(type); }))
    fail(ExitCode::usage, "evaluation.type: '", type, "' is none of targets.classes");
  return classes;
}

std::vector<std::string> evaluated_classes(const Settings& settings) {
  std::vector<std::string> names;
  for (const auto& one : object_classes(settings)) names.push_back(one.name);
  const bool own =
      std::any_of(names.begin(), names.end(), [](const auto& name) { return !contains(of_benchmark, name); });
  return own ? names : of_benchmark;
}

void check_overlaps(const Settings& settings) {
  const auto names = evaluated_classes(settings);
  for (const auto& text : settings.evaluation.overlaps)
    if (!contains(names, parse_class_overlap(text, "evaluation.overlaps").name))
      fail(ExitCode::usage, "evaluation.overlaps: '", text, "' names no class that is evaluated, expected one of ",
           join(names, ", "));
}

}  // namespace fastbox::config
