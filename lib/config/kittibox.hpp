// KittiBox's hypes (hypes/kittiBox.json) as a run file: `fastbox config import`.
//
// Pure function; thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fastbox::config {

struct ImportedRunFile {
  std::string text;                   ///< YAML: the mapped keys, then as comments those without effect, and why
  std::vector<std::string> warnings;  ///< sentences: what a run will do otherwise than KittiBox did
};

/// `json` is the text of the hypes file, `name` how messages call it. Each of its keys is mapped, named as without effect,
/// or warned of. The result is a run file that load() takes, unless a value is out of fastbox's range, which load() then
/// tells. Throws Error(usage) for what is no JSON object, or a value of another type than KittiBox's.
ImportedRunFile import_kittibox(std::string_view json, const std::string& name);

}  // namespace fastbox::config
