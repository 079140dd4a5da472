// What a run tells as it goes, to two files: metrics.jsonl, one JSON object a line, and TensorBoard's events, which say the
// same, their tags being the paths of a line's numbers ("loss", "losses/box", "ap/car/moderate/ap40"), and hold histograms
// of gradients ("gradient/TENSOR") and pictures ("detections/FRAME") besides.
//
// Rank 0, one thread. A line or record is written whole with one call; a torn last one (the machine died) is dropped on
// resume. On a full disk both wait in memory and follow when there is room: training does not end for them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/append_file.hpp"
#include "io/event_file.hpp"

namespace fastbox::train {

class MetricsLog {
 public:
  /// Opens the files in `run_folder` for appending. Lines and events of steps after `last_step` (from a run that went on
  /// after its last checkpoint) and evaluations, with their pictures, after `last_evaluation` (which are done again) are
  /// removed first, so a resumed run has neither overlap nor hole. Throws Error(environment).
  MetricsLog(const std::filesystem::path& run_folder, std::int64_t last_step, std::int64_t last_evaluation);

  /// `line` holds "step", and "ap" where it tells of an evaluation. What cannot be written is said once and kept.
  void write(const nlohmann::ordered_json& line);

  /// The gradient that a step applied, by tensor. Nothing is written where there is none.
  void write_gradient(std::int64_t step, io::Histograms by_tensor);

  /// Of the evaluation after a step, by frame; likewise.
  void write_detections(std::int64_t step, io::EventPictures by_frame);

  /// Throws Error(environment) where something is left that the disk has no room for.
  void finish();

 private:
  std::optional<AppendFile> lines_, events_;
};

}  // namespace fastbox::train
