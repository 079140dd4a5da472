// What this machine is called, for reports of what was measured on it.
//
// Thread-safe: no state.
#pragma once

#include <string>

namespace fastbox::apps {

/// The processor's name as the kernel tells it; "unknown" where it does not.
std::string processor_name();

}  // namespace fastbox::apps
