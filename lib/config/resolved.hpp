// A resolved run file on paper: written to the run folder, compared by ranks, shown by `fastbox config`.
// Thread-safe: no state.
#pragma once

#include <string>
#include <vector>

#include "config/run_file.hpp"

namespace fastbox::config {

/// Every key with its value; with_origins: and, as a comment, where it came from. Of two alternatives only
/// the chosen one appears. load() of the text gives the same Settings, to the bit.
std::string to_yaml(const RunConfig& config, bool with_origins);

/// SHA-256 of all values, 64 hexadecimal digits: equal on ranks that see the same run, wherever its values
/// came from.
std::string fingerprint(const RunConfig& config);

struct Difference {
  std::string key, a, b;  ///< the values as YAML
};

/// The keys whose values differ, in the schema's order.
std::vector<Difference> differences(const RunConfig& a, const RunConfig& b);

}  // namespace fastbox::config
