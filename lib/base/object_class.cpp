#include "base/object_class.hpp"

#include <algorithm>
#include <charconv>

#include "base/error.hpp"
#include "base/text.hpp"

namespace fastbox {
namespace {

constexpr const char* form = "expected Name, Name=Label+Label, or either with -Label for what the class ignores";

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

ClassOverlap parse_class_overlap(const std::string& text, const std::string& place) {
  const std::size_t sign = text.find('=');
  ClassOverlap parsed{text.substr(0, sign), -1};
  if (sign != std::string::npos && sign > 0) {
    const char* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data() + sign + 1, last, parsed.overlap);
    if (error == std::errc() && end == last && parsed.overlap >= 0 && parsed.overlap < 1) return parsed;
  }
  fail(ExitCode::usage, place, ": '", text, "', expected Name=OVERLAP, an overlap from 0 to below 1 such as 0.5");
}

}  // namespace fastbox
