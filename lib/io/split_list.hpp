// Lists of frame names, one a line: which frames are trained on and which are evaluated.
//
// Thread-safe: no state. '#' begins a comment; empty lines are skipped.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace fastbox::io {

/// The names in file order, e.g. "000123". Throws Error(data) naming file and line where the list is missing, holds no
/// frame, a line holds more than one word, a path or a control character, or a frame stands twice.
std::vector<std::string> read_split_list(const std::filesystem::path& file);

/// As above from text already in memory; `name` is for messages.
std::vector<std::string> parse_split_list(std::string_view text, const std::string& name);

/// A name a line.
std::string format_split_list(const std::vector<std::string>& names);

/// Throws Error(environment).
void write_split_list(const std::filesystem::path& file, const std::vector<std::string>& names);

}  // namespace fastbox::io
