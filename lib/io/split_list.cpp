#include "io/split_list.hpp"

#include <unordered_map>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"

namespace fastbox::io {

std::vector<std::string> parse_split_list(std::string_view text, const std::string& name) {
  std::vector<std::string> names;
  std::unordered_map<std::string, std::size_t> line_of;
  std::size_t number = 0;
  for (auto line : split(text, '\n')) {
    ++number;
    line = trim(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    if (split_columns(line).size() != 1 || line.find('/') != std::string_view::npos)
      fail(ExitCode::data, name, ":", number, ": '", line, "', expected one frame's name, such as 000123");
    const auto [first, is_new] = line_of.emplace(line, number);
    if (!is_new)
      fail(ExitCode::data, name, ":", number, ": frame ", line, " is listed twice, first in line ", first->second);
    names.emplace_back(line);
  }
  if (names.empty()) fail(ExitCode::data, name, ": the list is empty, expected a frame's name a line");
  return names;
}

std::vector<std::string> read_split_list(const std::filesystem::path& file) {
  return parse_split_list(read_file(file), file.string());
}

std::string format_split_list(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += name + '\n';
  return text;
}

void write_split_list(const std::filesystem::path& file, const std::vector<std::string>& names) {
  write_file_atomically(file, format_split_list(names));
}

}  // namespace fastbox::io
