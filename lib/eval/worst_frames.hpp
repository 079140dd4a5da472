// The frames in which a detector errs most, for a person to look at.
//
// A frame's badness is its misses plus the scores of its false positives, with every detection kept (the second
// pass at no threshold), summed over the classes that some detection of some frame names. It is made for scores
// that are probabilities: a miss weighs as much as a false positive that the detector is sure of. A score of 0 or
// less adds nothing, so that no false positive ever makes up for a miss, though it is listed; a score above 1
// (such as a logit) weighs as it is, more than a miss.
//
// Thread-safe: no state; results are plain data.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "eval/matching.hpp"

namespace fastbox::eval {

struct WorstFramesOptions {
  std::size_t count = 20;
  std::size_t difficulty = 1;      ///< moderate
  std::vector<bool> classes = {};  ///< in the order of the rules', those to look at; empty: all
};

struct WorstFrame {
  std::string name;
  std::size_t index = 0;                     ///< in the list of frames
  std::vector<std::size_t> missed;           ///< places in the frame's labels, rising
  std::vector<std::size_t> false_positives;  ///< places in its detections, rising
  double false_scores = 0;                   ///< the positive scores of the false positives, added up
  double badness = 0;                        ///< misses plus false_scores
};

/// The worst first, equally bad ones in the list's order; at most options.count. Frames with neither a miss nor a
/// false positive are left out. Throws Error(data) naming the frame for a NaN among scores or boxes, Error(defect)
/// for a difficulty that there is not.
std::vector<WorstFrame> worst_frames(std::span<const FrameObjects> frames, const Rules& rules = {},
                                     const WorstFramesOptions& options = {});

/// A line per frame: its name, badness, misses, false positives and their scores added up. Ends with a newline.
std::string worst_frames_table(const std::vector<WorstFrame>& worst);

/// [{"frame", "badness", "misses", "false_positives", "false_scores", "missed_labels": [place, ..],
/// "false_detections": [place, ..]}, ..]; the first place is 0.
nlohmann::ordered_json worst_frames_json(const std::vector<WorstFrame>& worst);

}  // namespace fastbox::eval
