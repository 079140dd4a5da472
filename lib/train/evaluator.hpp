// Evaluation of a model over a data set, the frames shared out among the ranks.
//
// Collective: all ranks call run() with equal weights. What is scored is what is written: each rank's detections travel
// to rank 0 as the lines of KITTI result files, so the figures equal those of `fastbox eval --predictions` on the
// files.
#pragma once

#include <filesystem>
#include <vector>

#include "comm/world.hpp"
#include "data/dataset.hpp"
#include "eval/average_precision.hpp"
#include "train/detector.hpp"

namespace fastbox::train {

/// On rank 0; elsewhere only the time is known.
struct Evaluation {
  eval::KittiResult result;
  std::vector<eval::FrameObjects> frames;  ///< in the data set's order
  double milliseconds_per_image = 0;       ///< forward, decode and suppression; the mean over frames and ranks
};

/// Throws on every rank, with the same code, what any rank met: Error(data) for a bad frame, Error(numbers) for a
/// network whose output is not finite.
Evaluation evaluate(models::FastBox& model, const config::Settings& settings, const data::Dataset& frames,
                    comm::World& world);

/// One result file a frame: FOLDER/NAME.txt. Rank 0. The folder appears whole, in place of an older one.
void write_detections(const std::filesystem::path& folder, const std::vector<eval::FrameObjects>& frames);

}  // namespace fastbox::train
