#include "config/object_classes.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace fastbox::config {
std::vector<ObjectClass> object_classes(const Settings& settings) {
  const auto& targets = settings.targets;
  const auto& type = settings.evaluation.type;
  if (targets.classes.empty()) {
    const bool is_positive = std::any_of(targets.positives.begin(), targets.positives.end(),
                                         [&](const auto& one) { return lower(one) == lower(type); });
    if (!is_benchmark_class(type) && !is_positive)
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

}  // namespace fastbox::config
