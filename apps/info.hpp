// What `fastbox info` tells, for others to write down.
#pragma once

#include <nlohmann/json.hpp>

namespace fastbox::apps {

/// Versions of fastbox and its libraries, processor, cores, threads, GPU.
nlohmann::ordered_json build_and_machine();

}  // namespace fastbox::apps
