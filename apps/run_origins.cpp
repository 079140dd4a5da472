#include "run_origins.hpp"

#include <filesystem>

#include "base/files.hpp"
#include "report/run_entries.hpp"

namespace fastbox::apps {

config::RunConfig load_with_origins(const std::string& path, const std::vector<std::string>& overrides) {
  auto run = config::load(path, overrides);
  if (!std::filesystem::is_directory(path)) return run;
  for (auto& entry : report::run_entries(read_file(run.file))) {
    const auto found = run.origins.find(entry.key);
    // What --set gave over it is told as it is.
    if (found != run.origins.end() && !entry.origin.empty() && found->second.starts_with(run.file.string()))
      found->second = std::move(entry.origin);
  }
  return run;
}

}  // namespace fastbox::apps
