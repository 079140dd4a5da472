// Two runs side by side, as plain data, as a table for a terminal and as JSON: `fastbox compare`.
//
// Pure functions but for compare_runs, which reads the two folders; thread-safe.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace fastbox::report {

/// A value that both runs may have.
struct ComparedFigure {
  std::string name;  ///< "car easy AP40"
  std::string unit;  ///< "%"; empty: none
  int decimals = 0;  ///< that are shown
  double a, b;       ///< NaN: not told
};

struct ComparedKey {
  std::string key;
  std::string a, b;                ///< as YAML; empty where the run has no such key
  std::string origin_a, origin_b;  ///< "configs/base.yaml:33"; empty: not told
};

struct RunComparison {
  struct Side {
    std::filesystem::path folder;
    std::string name, state;
    std::vector<std::string> problems;  ///< sentences: what of the folder cannot be read
  };
  Side a, b;
  std::vector<ComparedFigure> figures;  ///< those that one run at least tells
  std::vector<ComparedKey> keys;        ///< those whose values differ
};

/// AP is that of eval.json, for every class in it; of a run that has none, the last evaluation's. Throws Error(data) for
/// what is no run folder.
RunComparison compare_runs(const std::filesystem::path& a, const std::filesystem::path& b);

/// A line a figure and a line a key, aligned.
std::string comparison_text(const RunComparison& comparison);

/// {"runs": [{"folder", "name", "state"}, ..], "figures": [{"name", "unit", "a", "b", "difference"}, ..],
/// "keys": [{"key", "a", "b", "origin_a", "origin_b"}, ..]}. Every digit of a double; what is not known is null.
nlohmann::ordered_json comparison_json(const RunComparison& comparison);

}  // namespace fastbox::report
