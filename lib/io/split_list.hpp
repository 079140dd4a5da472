// Lists of frame names, one a line: which frames are trained on and which are evaluated.
//
// Thread-safe: no state. '#' begins a comment; empty lines are skipped.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace fastbox::io {

/// The names in file order, e.g. "000123". Throws Error(data) naming file and line where the list is missing, holds no
/// frame, a line holds more than one word or a path, or a frame stands twice.
std::vector<std::string> read_split_list(const std::filesystem::path& file);

/// Throws Error(environment).
void write_split_list(const std::filesystem::path& file, const std::vector<std::string>& names);

}  // namespace fastbox::io
