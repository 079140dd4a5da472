// Evaluation offline: a folder of result files against a folder of labels.
//
// Files are NNNNNN.txt in both. Reads with a few threads of its own; the result does not depend on them.
// Thread-safe: no state.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "eval/average_precision.hpp"

namespace fastbox::eval {

struct FolderOptions {
  std::filesystem::path predictions;  ///< result files, 16 columns
  std::filesystem::path labels;       ///< label files, 15 columns
  std::filesystem::path split;        ///< list of the frames to evaluate; empty: the frames that have a result file
  bool missing_as_empty = false;      ///< a listed frame without result file has no detections; else an error
  int threads = 0;                    ///< that read; 0: up to four, as the machine has cores
  int part = 0, parts = 1;            ///< which of so many contiguous shares of the frames is read: a rank's
};

struct FolderFrames {
  std::vector<FrameObjects> frames;         ///< in the list's order, else by name
  std::vector<std::string> not_listed;      ///< result files of frames in no list, by name: not evaluated
  std::vector<std::string> not_results;     ///< other things in the folder of predictions, by name: not read
  std::vector<std::string> taken_as_empty;  ///< frames without result file, where that is allowed
};

/// Reads what is to be evaluated. Labels of other frames are not looked at. Throws Error(data) naming the
/// folder that is missing or holds no result file, every listed frame without result file (unless
/// missing_as_empty), a missing label, or file and line of a bad one (of several the first in the frames'
/// order).
FolderFrames read_folder(const FolderOptions& options);

/// Reports what FolderFrames lists beside the frames by log::warning, all by name.
void warn_of_left_out(const FolderFrames& found, const FolderOptions& options);

/// read_folder, warn_of_left_out, evaluate.
KittiResult evaluate_folder(const FolderOptions& options, const Rules& rules = {});

}  // namespace fastbox::eval
