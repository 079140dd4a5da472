// The schema as documents: what `fastbox config keys` prints and what the checkout keeps of it.
// Thread-safe: no state.
#pragma once

#include <string>

namespace fastbox::config {

/// A line a key with type, default and description; for a terminal.
std::string keys_as_text();

/// configs/base.yaml: every key at its default under its description. Keys of this machine (data.*) and
/// alternatives that are not chosen are comments.
std::string keys_as_yaml();

/// docs/configuration.md.
std::string keys_as_markdown();

}  // namespace fastbox::config
