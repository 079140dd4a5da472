// metrics.jsonl: one JSON object a line, appended as the run goes.
//
// Rank 0, one thread. A line is written whole with one call; a torn last line (the machine died) is dropped on resume.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace fastbox::train {

class MetricsLog {
 public:
  /// Opens `file` for appending. Lines of steps after `last_step` (from a run that went on after its last checkpoint)
  /// and torn ones are removed first, so a resumed run has neither overlap nor hole. Throws Error(environment).
  MetricsLog(std::filesystem::path file, std::int64_t last_step);

  /// `line` holds "step". Throws Error(environment) where the disk is full.
  void write(const nlohmann::ordered_json& line);

 private:
  std::filesystem::path file_;
  std::ofstream stream_;
};

}  // namespace fastbox::train
