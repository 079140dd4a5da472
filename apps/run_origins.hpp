// Where the values of a run folder's config.yaml came from when the run began.
#pragma once

#include <string>
#include <vector>

#include "config/run_file.hpp"

namespace fastbox::apps {

/// As config::load, but where `path` is a run folder, values that its config.yaml gives have the origins that its comments tell,
/// which say more than its own lines. Throws as config::load.
config::RunConfig load_with_origins(const std::string& path, const std::vector<std::string>& overrides = {});

}  // namespace fastbox::apps
