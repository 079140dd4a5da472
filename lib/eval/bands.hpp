// Average precision by distance (the height of the box in pixels stands in for it), occlusion and truncation:
// where a detector loses its points.
//
// Each group of bands shares out the ground truths that count at the difficulty hard: in every group each of
// them is counted in exactly one band. The rules are those of COCO's area ranges within KITTI's matching:
//
// - A ground truth outside the band is ignored: detections may find it, and it is neither hit nor missed.
// - By height, an unmatched detection whose height is outside the band is no false positive. Matched, it counts:
//   a box of 61 pixels may find a ground truth of 59. An end between two bands belongs to the lower one for a
//   ground truth of kitti2017, as its minimum height does, and to the upper one otherwise, detections included.
// - By occlusion and truncation, which detections do not have, all bands share the false positives of hard. The
//   fewer ground truths a band has, the more they weigh: figures compare detectors on a band better than bands.
// - All else is KITTI's: detections below 25 pixels are ignored (not by kitti2012, where those that find nothing
//   are in no band of height), ground truths take detections in file order and not, as COCO's do, those of the
//   band first, and fewer than 41 ground truths cap AP.
//
// So at any one score the bands' hits and misses, and by height the false positives, add up to hard's (but
// thresholds, and with them AP, are a band's own).
//
// Thread-safe: no state; results are plain data.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "eval/matching.hpp"

namespace fastbox::eval {

struct Band {
  std::string group;  ///< "height", "occlusion" or "truncation"
  std::string name;   ///< such as "40-60"
  Stratum stratum;
};

/// By height 25-40, 40-60, 60-100 and 100-: 25 and 40 are KITTI's own minimums, and the steps are about equal in
/// ratio. At KITTI's focal length of about 721 pixels a car of 1.53 m is 25 pixels high at 44 m, 40 at 28, 60
/// at 18 and 100 at 11. By occlusion 0, 1, 2; by truncation 0, 0-.15, .15-.30, .30-.50 (the upper end included), the
/// limits of the difficulties.
std::vector<Band> standard_bands();

struct BandResult {
  Band band;
  std::vector<AveragePrecision> classes;  ///< in the order of the rules'
};

struct BandsResult {
  std::int64_t frames = 0;
  Rules rules;
  std::vector<bool> detected;  ///< a class: false: absent, its figures (all 0) say nothing
  std::vector<BandResult> bands;
};

/// Requires at most 32 bands. Throws Error(data) naming the frame for a NaN among scores or boxes.
BandsResult evaluate_bands(std::span<const FrameObjects> frames, const Rules& rules = {},
                           const std::vector<Band>& bands = standard_bands());

/// A line per class and band: AP40, AP11 and the mean of all 41 precisions in percent, and the counted ground
/// truths, marked where they are too few for 100. A NaN and the figures of an absent class or an empty band are "-".
/// Ends with a newline.
std::string bands_table(const BandsResult& result);

/// {"frames", "evaluator", "classes": {"car": {"height": {"25-40": {"ap40", "ap11", "mean41", "ground_truths"},
/// ..}, ..}}}. AP in percent, every digit of a double; a NaN, the figures of an empty band and an absent class are
/// null.
nlohmann::ordered_json bands_json(const BandsResult& result);

}  // namespace fastbox::eval
