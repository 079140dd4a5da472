#include "io/json_text.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace fastbox::io {
namespace {

/// Where the text's first bracket beyond deepest_json stands; npos where there is none up to its end or to where it
/// stops being JSON.
std::size_t too_deep_at(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') in_string = !in_string;
    if (in_string) {
      i += c == '\\' ? 1 : 0;
      continue;
    }
    if ((c == '[' || c == '{') && ++depth > deepest_json) return i;
    if (c == ']' || c == '}') --depth;
  }
  return std::string_view::npos;
}

}  // namespace

nlohmann::json parse_json(std::string_view text, const std::string& name) {
  // Before the parser: half a gigabyte of brackets is many gigabytes of empty lists.
  if (const std::size_t at = too_deep_at(text); at != std::string_view::npos)
    fail(ExitCode::data, name, ": is no JSON of ours: line ", 1 + std::count(text.begin(), text.begin() + at, '\n'),
         " nests deeper than ", deepest_json);
  try {
    return nlohmann::json::parse(text.begin(), text.end());
  } catch (const nlohmann::json::exception& problem) {
    constexpr std::size_t longest = 300;  // the parser quotes the word that it stumbled over, of any length
    const std::string_view why = problem.what();
    fail(ExitCode::data, name, ": is no JSON: ", why.substr(0, longest), why.size() > longest ? "..." : "");
  }
}

std::string describe(const nlohmann::json& value) {
  constexpr std::size_t most_items = 8;
  const auto is_short = [](const nlohmann::json& item) { return item.is_primitive() && !item.is_string(); };
  const bool is_short_list =
      value.is_array() && value.size() <= most_items && std::all_of(value.begin(), value.end(), is_short);
  if (value.is_structured() && !is_short_list) return concat("an ", value.type_name());
  if (value.is_string()) return concat('"', shown(value.get_ref<const std::string&>()), '"');
  return value.dump();
}

}  // namespace fastbox::io
