#include "base/object_class.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace fastbox {
namespace {

constexpr const char* form = "expected Name, Name=Label+Label, or either with -Label for what the class ignores";

const std::vector<std::string> of_benchmark = {"Car", "Pedestrian", "Cyclist"};

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::any_of(words.begin(), words.end(), [&](const auto& one) { return lower(one) == lower(word); });
}

}  // namespace

ObjectClass parse_object_class(const std::string& text, const std::string& place) {
  ObjectClass parsed;
  const std::size_t name_end = std::min(text.find_first_of("=+-"), text.size());
  parsed.name = text.substr(0, name_end);
  std::size_t at = name_end;
  if (at < text.size() && text[at] == '+') fail(ExitCode::usage, place, ": '", text, "', ", form);
  if (at == text.size() || text[at] == '-') parsed.labels.push_back(parsed.name);
  while (at < text.size()) {
    const char sign = text[at];
    const std::size_t end = std::min(text.find_first_of("=+-", at + 1), text.size());
    const std::string label = text.substr(at + 1, end - at - 1);
    if (label.empty() || (sign == '=' && at != name_end)) fail(ExitCode::usage, place, ": '", text, "', ", form);
    (sign == '-' ? parsed.ignored : parsed.labels).push_back(label);
    at = end;
  }
  const bool has_space = std::any_of(text.begin(), text.end(), [](unsigned char c) { return std::isspace(c) != 0; });
  if (parsed.name.empty() || parsed.labels.empty() || has_space) fail(ExitCode::usage, place, ": '", text, "', ", form);
  return parsed;
}

std::vector<ObjectClass> parse_object_classes(const std::vector<std::string>& texts, const std::string& place) {
  std::vector<ObjectClass> classes;
  std::vector<std::string> names, labels;  // lower case
  const auto add_once = [&](std::vector<std::string>& known, const std::string& word, const char* what) {
    if (std::count(known.begin(), known.end(), lower(word)) != 0)
      fail(ExitCode::usage, place, ": ", what, " '", word, "' comes twice");
    known.push_back(lower(word));
  };
  for (const auto& text : texts) {
    classes.push_back(parse_object_class(text, place));
    add_once(names, classes.back().name, "the class");
    for (const auto& label : classes.back().labels) add_once(labels, label, "the label");
  }
  return classes;
}

bool is_benchmark_class(const std::string& name) {
  return contains(of_benchmark, name);
}

std::vector<std::string> evaluated_classes(std::span<const ObjectClass> classes) {
  if (std::all_of(classes.begin(), classes.end(), [](const auto& one) { return is_benchmark_class(one.name); }))
    return of_benchmark;
  std::vector<std::string> names;
  for (const auto& one : classes) names.push_back(one.name);
  return names;
}

std::vector<ClassOverlap> parse_class_overlaps(const std::vector<std::string>& texts,
                                               const std::vector<std::string>& evaluated, const std::string& place) {
  std::vector<ClassOverlap> overlaps;
  for (const auto& text : texts) {
    const std::size_t sign = std::min(text.find('='), text.size());
    ClassOverlap& one = overlaps.emplace_back(ClassOverlap{text.substr(0, sign)});
    const bool is_number = sign < text.size() && parse_double(std::string_view(text).substr(sign + 1), one.overlap);
    if (one.name.empty() || !is_number || !(one.overlap >= 0 && one.overlap < 1))
      fail(ExitCode::usage, place, ": '", text, "', expected Name=OVERLAP, an overlap from 0 to below 1 such as 0.5");
    if (!contains(evaluated, one.name))
      fail(ExitCode::usage, place, ": '", text, "' names no class that is evaluated, expected one of ",
           join(evaluated, ", "));
  }
  return overlaps;
}

}  // namespace fastbox
