// The one-file report of a run, or of several side by side.
//
// Reads the run folders and, for pictures and statistics, the data sets that they name; writes nothing but the report.
// Thread-safe: no state. Holds the pictures' bytes and the label lists in memory.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace fastbox::report {

struct ReportOptions {
  std::vector<std::filesystem::path> runs;           ///< at least one
  nlohmann::ordered_json machine;                    ///< this machine, for runs without a machine.json; null: not known
  std::size_t picture_bytes = std::size_t{6} << 20;  ///< of the page, at most, for all pictures together
};

/// The HTML. Throws Error(data) for a folder that is missing or no run folder; what else is missing or broken is told in
/// the report.
std::string make_report(const ReportOptions& options);

/// make_report, written whole or not at all. Throws Error(environment) besides.
void write_report(const ReportOptions& options, const std::filesystem::path& file);

}  // namespace fastbox::report
