// What `fastbox train` and `fastbox report` share: the report of one run, in its own folder.
#pragma once

#include <filesystem>

namespace fastbox::apps {

/// Writes RUN/machine.json and RUN/report.html, where something was trained since they were last written. What goes wrong
/// is a warning: the run is done and saved. One process at a time.
void write_run_report(const std::filesystem::path& run_folder) noexcept;

}  // namespace fastbox::apps
