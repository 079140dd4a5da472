// What a run tells as it goes, to two files of the same contents: metrics.jsonl, one JSON object a line, and TensorBoard's
// events, whose tags are the paths of the line's numbers ("loss", "losses/box", "ap/car/moderate/ap40").
//
// Rank 0, one thread. A line or record is written whole with one call; a torn last one (the machine died) is dropped on
// resume. On a full disk both wait in memory and follow when there is room: training does not end for them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/append_file.hpp"

namespace fastbox::train {

class MetricsLog {
 public:
  /// Opens the files in `run_folder` for appending. Lines and events of steps after `last_step` (from a run that went on
  /// after its last checkpoint) and evaluations after `last_evaluation` (which are done again) are removed first, so a
  /// resumed run has neither overlap nor hole. Throws Error(environment).
  MetricsLog(const std::filesystem::path& run_folder, std::int64_t last_step, std::int64_t last_evaluation);

  /// `line` holds "step", and "ap" where it tells of an evaluation. What cannot be written is said once and kept.
  void write(const nlohmann::ordered_json& line);

  /// Throws Error(environment) where something is left that the disk has no room for.
  void finish();

 private:
  std::optional<AppendFile> lines_, events_;
};

}  // namespace fastbox::train
