// Frames with boxes drawn, small enough to be part of the page: JPEG in data URIs within a budget.
//
// One thread owns a budget.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "eval/average_precision.hpp"
#include "eval/worst_frames.hpp"
#include "report/run_record.hpp"

namespace fastbox::report {

/// RFC 4648, section 4, with padding.
std::string base64(std::string_view bytes);

/// How many bytes of page the pictures may still take.
class PictureBudget {
 public:
  explicit PictureBudget(std::size_t bytes) : left_(bytes) {}
  /// Whether there was room.
  bool take(std::size_t bytes) {
    if (bytes > left_) return false;
    left_ -= bytes;
    return true;
  }

 private:
  std::size_t left_;
};

/// What the latest evaluation's result files and the data set's labels say, frame by frame.
struct DetectedFrames {
  std::string step_name;  ///< "step-00002000"
  std::vector<eval::FrameObjects> frames;
  std::filesystem::path images;  ///< the folder of NAME.png
  eval::Rules rules;             ///< of the run
};

/// Throws Error(data) naming what is missing: result files, labels.
DetectedFrames read_detected_frames(const RunRecord& run);

/// The names of the classes by which frames are judged the worst: those of the rules that some detection names.
std::vector<std::string> judged_classes(const DetectedFrames& detected);

/// <figure>s with the worst frames, the worst first, and what to say of them.
std::string worst_frames_html(const DetectedFrames& detected, std::size_t most, PictureBudget& budget);

/// <figure>s with the detections on frames that are spread evenly over the list.
std::string gallery_html(const DetectedFrames& detected, std::size_t most, PictureBudget& budget);

}  // namespace fastbox::report
