// metrics.jsonl: one JSON object a line, appended as the run goes.
//
// Rank 0, one thread. A line is written whole with one call; a torn last line (the machine died) is dropped on resume. On a
// full disk lines wait in memory and follow when there is room: training does not end for them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace fastbox::train {

class MetricsLog {
 public:
  /// Opens `file` for appending. Lines of steps after `last_step` (from a run that went on after its last checkpoint),
  /// evaluations after `last_evaluation` (which are done again) and torn lines are removed first, so a resumed run has
  /// neither overlap nor hole. Throws Error(environment).
  MetricsLog(std::filesystem::path file, std::int64_t last_step, std::int64_t last_evaluation);
  ~MetricsLog();
  MetricsLog(const MetricsLog&) = delete;
  MetricsLog& operator=(const MetricsLog&) = delete;

  /// `line` holds "step". What cannot be written is said once and kept.
  void write(const nlohmann::ordered_json& line);

  /// Throws Error(environment) where lines are left that the disk has no room for.
  void finish();

 private:
  bool write_waiting();

  std::filesystem::path file_;
  int descriptor_ = -1;
  std::string waiting_;
  bool told_ = false;
};

}  // namespace fastbox::train
