// Where a command's --json goes.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace fastbox::apps {

/// Writes the value to the file, whole or not at all, or to standard output for "-"; nothing for "".
void write_json(const std::string& target, const nlohmann::ordered_json& value);

}  // namespace fastbox::apps
