#include "config/object_classes.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace fastbox::config {
namespace {

constexpr const char* form = "expected Name, Name=Label+Label, or either with -Label for what the class ignores";

/// "Car=Car+Van-Truck" -> its parts.
ObjectClass parse_class(const std::string& text) {
  ObjectClass parsed;
  const std::size_t name_end = std::min(text.find_first_of("=+-"), text.size());
  parsed.name = text.substr(0, name_end);
  std::size_t at = name_end;
  if (at < text.size() && text[at] == '+') fail(ExitCode::usage, "targets.classes: '", text, "', ", form);
  if (at == text.size() || text[at] == '-') parsed.labels.push_back(parsed.name);
  while (at < text.size()) {
    const char sign = text[at];
    const std::size_t end = std::min(text.find_first_of("=+-", at + 1), text.size());
    const std::string label = text.substr(at + 1, end - at - 1);
    if (label.empty() || (sign == '=' && at != name_end))
      fail(ExitCode::usage, "targets.classes: '", text, "', ", form);
    (sign == '-' ? parsed.ignored : parsed.labels).push_back(label);
    at = end;
  }
  const bool has_space = std::any_of(text.begin(), text.end(), [](unsigned char c) { return std::isspace(c) != 0; });
  if (parsed.name.empty() || parsed.labels.empty() || has_space)
    fail(ExitCode::usage, "targets.classes: '", text, "', ", form);
  return parsed;
}

}  // namespace

std::vector<ObjectClass> object_classes(const Settings& settings) {
  const auto& targets = settings.targets;
  if (targets.classes.empty()) return {{settings.evaluation.type, targets.positives, {}}};
  if (targets.classes.size() > most_classes)
    fail(ExitCode::usage, "targets.classes: ", targets.classes.size(), " classes, expected at most ", most_classes);
  std::vector<ObjectClass> classes;
  std::vector<std::string> names, labels;  // lower case
  const auto add_once = [](std::vector<std::string>& known, const std::string& word, const char* what) {
    if (std::count(known.begin(), known.end(), lower(word)) != 0)
      fail(ExitCode::usage, "targets.classes: ", what, " '", word, "' comes twice");
    known.push_back(lower(word));
  };
  for (const auto& text : targets.classes) {
    classes.push_back(parse_class(text));
    add_once(names, classes.back().name, "the class");
    for (const auto& label : classes.back().labels) add_once(labels, label, "the label");
  }
  if (std::count(names.begin(), names.end(), lower(settings.evaluation.type)) == 0)
    fail(ExitCode::usage, "evaluation.type: '", settings.evaluation.type, "' is none of targets.classes");
  return classes;
}

}  // namespace fastbox::config
