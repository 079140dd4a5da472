// Values that are each allowed and do not go together, whatever the machine and the number of ranks.
//
// What depends on those (a number of shards that the ranks do not divide, `shared` on two nodes) is refused where it is known.
// Pure function; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "config/settings.hpp"

namespace fastbox::config {

struct Contradiction {
  std::string key, other;  ///< whose values do not go together; the message is told where the first of both was given
  std::string message;     ///< begins with one of the keys, ends with what was expected
};

std::vector<Contradiction> contradictions(const Settings& settings);

/// Whether an encoder of that name has batch normalisation.
bool has_batch_norm(const std::string& encoder);

}  // namespace fastbox::config
