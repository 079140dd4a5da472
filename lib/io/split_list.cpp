#include "io/split_list.hpp"

#include <algorithm>
#include <unordered_map>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"

namespace fastbox::io {
namespace {

constexpr std::size_t largest_list = std::size_t{64} << 20;  // bytes: some nine million names of KITTI's length

/// Names become files' names in folders of the reader's own choice: none may lead out of them.
bool is_frame_name(std::string_view text) {
  const auto is_forbidden = [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '/' || c == '\\' || c == ' '; };
  return text != "." && text != ".." && std::ranges::none_of(text, is_forbidden);
}

}  // namespace

std::vector<std::string> parse_split_list(std::string_view text, const std::string& name) {
  std::vector<std::string> names;
  std::unordered_map<std::string, std::size_t> line_of;
  std::size_t number = 0;
  for (auto line : split(text, '\n')) {
    ++number;
    line = trim(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    if (!is_frame_name(line))
      fail(ExitCode::data, name, ":", number, ": '", shown(line), "', expected one frame's name, such as 000123");
    const auto [first, is_new] = line_of.emplace(line, number);
    if (!is_new)
      fail(ExitCode::data, name, ":", number, ": frame ", shown(line), " is listed twice, first in line ",
           first->second);
    names.emplace_back(line);
  }
  if (names.empty()) fail(ExitCode::data, name, ": the list is empty, expected a frame's name a line");
  return names;
}

std::vector<std::string> read_split_list(const std::filesystem::path& file) {
  return parse_split_list(read_file(file, largest_list), file.string());
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
