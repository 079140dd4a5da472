#include "data/drives.hpp"

#include <set>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "data/frame_numbers.hpp"

namespace fastbox::data {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_table = std::size_t{64} << 20;  // bytes

RawFrame raw_frame(std::string_view drive, std::string_view number, const std::string& where) {
  RawFrame frame{std::string(drive), 0};
  if (!parse_integer(number, frame.number) || frame.number < 0)
    fail(ExitCode::data, where, ": '", shown(number), "', expected a drive's frame number, such as 0000000109");
  return frame;
}

Drives read_table(const fs::path& file, std::string_view text) {
  Drives drives;
  std::size_t line_number = 0;
  for (const auto line : split(text, '\n')) {
    ++line_number;
    if (trim(line).empty()) continue;
    const std::string where = concat(file.string(), ":", line_number);
    const auto columns = split(trim(line), '\t');
    if (columns.size() != 3)
      fail(ExitCode::data, where, ": ", columns.size(), columns.size() == 1 ? " column" : " columns",
           " between tabs, expected three: frame, drive, number");
    if (!drives.emplace(columns[0], raw_frame(trim(columns[1]), trim(columns[2]), where)).second)
      fail(ExitCode::data, where, ": frame ", shown(columns[0]), " is there twice");
  }
  return drives;
}

std::vector<RawFrame> read_mapping(const fs::path& file, std::string_view text) {
  std::vector<RawFrame> frames;
  for (const auto line : split(text, '\n')) {
    const std::string where = concat(file.string(), ":", frames.size() + 1);
    const auto columns = split_columns(trim(line));
    if (columns.empty()) break;  // what follows the last line: nothing
    if (columns.size() != 3)
      fail(ExitCode::data, where, ": ", columns.size(),
           " columns, expected three as in KITTI's train_mapping.txt (date, drive, number), or a table with tabs "
           "(frame, "
           "drive, number)");
    frames.push_back(raw_frame(columns[1], columns[2], where));
  }
  return frames;
}

/// The development kit's two files. Frame i is the raw frame in the line that train_rand.txt's i-th number names.
Drives read_devkit(const fs::path& mapping_file, std::string_view mapping_text) {
  const auto raw_frames = read_mapping(mapping_file, mapping_text);
  const fs::path order_file = mapping_file.parent_path() / "train_rand.txt";
  std::string order = read_file(order_file, largest_table);
  for (char& letter : order)
    if (letter == ',' || letter == '\n' || letter == '\r') letter = ' ';
  Drives drives;
  std::set<long long> seen;
  for (const auto word : split_columns(order)) {
    long long line = 0;
    if (!parse_integer(word, line) || line < 1 || line > static_cast<long long>(raw_frames.size()))
      fail(ExitCode::data, order_file.string(), ": number ", drives.size() + 1, " is '", shown(word),
           "', expected a line of ", mapping_file.string(), ", 1 to ", raw_frames.size());
    if (!seen.insert(line).second)
      fail(ExitCode::data, order_file.string(), ": number ", drives.size() + 1, ": line ", line, " is named twice");
    drives.emplace(frame_number(drives.size()), raw_frames[static_cast<std::size_t>(line - 1)]);
  }
  return drives;
}

}  // namespace

Drives read_drives(const fs::path& file) {
  const std::string text = read_file(file, largest_table);
  const std::string_view first_line = std::string_view(text).substr(0, text.find('\n'));
  const bool is_table = first_line.find('\t') != std::string_view::npos;
  Drives drives = is_table ? read_table(file, text) : read_devkit(file, text);
  if (drives.empty()) fail(ExitCode::data, file.string(), ": names no frame, expected a frame's drive a line");
  return drives;
}

}  // namespace fastbox::data
