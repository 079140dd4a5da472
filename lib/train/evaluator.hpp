// Evaluation of a model over a data set, the frames shared out among the ranks.
//
// Collective: all ranks call run() with equal weights. What is scored is what is written: each rank's detections travel
// to rank 0 as the lines of KITTI result files, and are read back from them before they are scored, so the figures equal
// those of `fastbox eval --predictions` on the files.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <vector>

#include "comm/world.hpp"
#include "data/dataset.hpp"
#include "eval/average_precision.hpp"
#include "train/detector.hpp"

namespace fastbox::train {

/// Frames on rank 0 only.
struct Evaluation {
  eval::KittiResult result;                ///< on all ranks
  std::vector<eval::FrameObjects> frames;  ///< in the data set's order
  double milliseconds_per_image = 0;       ///< forward, decode and suppression; the mean over frames and ranks
};

/// Does the work on every rank. Where it throws an Error on some, all throw: the first such rank's message, with one code.
/// So nobody waits for a rank that met a bad file. Collective.
void together(comm::World& world, const std::function<void()>& work);

/// The figures of all ranks' frames together, to the last digit those of one process that has them all: each matches its
/// own, and what travels are scores and counts. Throws on every rank what eval::evaluate does on any. Collective; the same
/// on all ranks.
eval::KittiResult evaluate_shared(comm::World& world, std::span<const eval::FrameObjects> mine,
                                  const eval::Rules& rules = {});

/// Those of a run's classes: targets.classes, evaluation.type and evaluation.overlaps. Throws Error(usage) as eval::rules_for
/// and config::object_classes do.
eval::Rules evaluation_rules(const config::Settings& settings, eval::Evaluator evaluator = eval::Evaluator::kitti2017);

/// A change of each decoded picture; `index`: the frame's place in the data set. May be empty.
using FrameChange = std::function<cv::Mat(const cv::Mat& rgb, std::size_t index)>;

/// Throws on every rank, with the same code, what any rank met: Error(data) for a bad frame, Error(numbers) for a
/// network whose output is not finite.
Evaluation evaluate(models::Network& model, const config::Settings& settings, const data::Dataset& frames,
                    comm::World& world, const FrameChange& change = {});

/// One result file a frame: FOLDER/NAME.txt, scores with so many decimals (score_decimals). Rank 0. The folder appears whole,
/// in place of an older one.
void write_detections(const std::filesystem::path& folder, const std::vector<eval::FrameObjects>& frames, int decimals);

}  // namespace fastbox::train
