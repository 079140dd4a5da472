#include "report/run_entries.hpp"

#include <algorithm>
#include <map>

#include "base/text.hpp"

namespace fastbox::report {
namespace {

/// Where the comment's '#' stands: after a space, and not within quotes.
std::size_t comment_place(std::string_view text) {
  char quote = 0, before = ',';  // the last character that is no space: a quote begins a value, or is a part of it
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool begins = before == ',' || before == '[';
    if (c != ' ') before = c;
    const bool escapes = quote == '"' ? c == '\\' : quote == '\'' && text.substr(i, 2) == "''";
    if (escapes)
      ++i;
    else if (quote != 0)
      quote = c == quote ? '\0' : quote;
    else if (begins && (c == '"' || c == '\''))
      quote = c;
    else if (c == '#' && i > 0 && text[i - 1] == ' ')
      return i;
  }
  return std::string_view::npos;
}

}  // namespace

std::vector<RunEntry> run_entries(std::string_view config_text) {
  std::vector<RunEntry> entries;
  std::string group;
  for (const auto line : split(config_text, '\n')) {
    const auto colon = line.find(':');
    if (line.empty() || colon == std::string_view::npos || line[0] == '#') continue;
    if (line[0] != ' ') {
      group = line.substr(0, colon);
      continue;
    }
    const auto rest = line.substr(colon + 1);
    const auto comment = comment_place(rest);
    RunEntry entry;
    entry.key = concat(group, '.', trim(line.substr(0, colon)));
    entry.value = trim(rest.substr(0, comment));
    if (comment != std::string_view::npos) entry.origin = trim(rest.substr(comment + 1));
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<DifferingEntry> differing_entries(const std::vector<RunRecord>& runs) {
  std::vector<DifferingEntry> all;
  std::map<std::string, std::size_t> places;
  for (std::size_t r = 0; r < runs.size(); ++r)
    for (const auto& entry : run_entries(runs[r].config_text)) {
      const auto [place, is_new] = places.try_emplace(entry.key, all.size());
      if (is_new) all.push_back({entry.key, std::vector<std::string>(runs.size())});
      all[place->second].values[r] = entry.value;
    }
  std::erase_if(all, [](const DifferingEntry& entry) {
    return std::all_of(entry.values.begin(), entry.values.end(),
                       [&](const std::string& value) { return value == entry.values[0]; });
  });
  return all;
}

}  // namespace fastbox::report
