// A key's value between YAML and its member of Settings. Thread-safe: no state.
#pragma once

#include <optional>
#include <string>

#include "config/schema.hpp"
#include "config/yaml_tree.hpp"

namespace fastbox::config {

/// "an integer", "a number", "a text", "true or false", "a list of texts", "two numbers [low, high]".
std::string type_name(const Key& key);

/// What the key takes, type and range or choices: "an integer from 32 to 8192, a multiple of 32".
std::string expectation(const Key& key);

struct ValueProblem {
  int line, column;
  std::string message;  ///< names the key
};

/// Reads `node` into the key's member; on a problem the member stays as it was. Numbers are decimal and
/// finite (1e-5 and .5 too), booleans true or false, and a scalar in quotes is a text only.
std::optional<ValueProblem> read_value(const Key& key, const YamlNode& node, Settings& settings);

/// The member as YAML on one line; read_value gives the same bits back, and so do YAML 1.1 readers such as
/// PyYAML (1.0e-5 and "off", which they take for a text and for false without the point and the quotes).
std::string value_text(const Key& key, const Settings& settings);

}  // namespace fastbox::config
