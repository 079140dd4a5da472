// The resolved run file as a list: key, value, and where the value came from.
//
// Pure functions; thread-safe. The form is config::to_yaml's: a group a line, its keys indented under it, a value's origin
// as the comment behind it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/run_record.hpp"

namespace fastbox::report {

struct RunEntry {
  std::string key;     ///< "train.batch"
  std::string value;   ///< as YAML
  std::string origin;  ///< "configs/base.yaml:33", "--set", "default"; empty where no comment tells it
};

/// Lines of another form are passed over.
std::vector<RunEntry> run_entries(std::string_view config_text);

/// A key whose values differ between runs.
struct DifferingEntry {
  std::string key;
  std::vector<std::string> values;  ///< one a run; empty where the run has no such key
};

/// In the order of the first run that has the key. Requires runs.
std::vector<DifferingEntry> differing_entries(const std::vector<RunRecord>& runs);

}  // namespace fastbox::report
