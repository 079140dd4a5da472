// COCO's twelve figures for boxes (AP at IoU .5:.95 and its kin), equal to pycocotools' COCOeval(iouType="bbox").
//
// What is a ground truth and what a crowd is decided in coco_frames.hpp. Source of the rules: cocoeval.py and
// maskApi.c of pycocotools 2.0. Per frame and class the hundred best detections, from the best down, each take
// the free ground truth of the largest overlap of at least the threshold, a counted one before an ignored one
// (a crowd, or an area outside the range). Precision is made monotone and read at 101 recalls. Sums are over
// frames in the order of their image ids (equal scores keep that order), so the order of `frames` changes no
// digit.
//
// Thread-safe: no state. One thread does it in a small part of a second for thousands of frames.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "eval/coco_frames.hpp"

namespace fastbox::eval {

/// In pycocotools' order. AP: mean precision over 101 recalls at up to 100 detections per frame; over ten IoU
/// thresholds .5:.05:.95 where none is named. AR: largest recall, mean over the thresholds, at so many
/// detections per frame and class. Areas in pixels: small to 32^2, medium 32^2 to 96^2, large from 96^2.
enum class CocoFigure : std::size_t {
  ap,
  ap50,
  ap75,
  ap_small,
  ap_medium,
  ap_large,
  ar_1,
  ar_10,
  ar_100,
  ar_small,
  ar_medium,
  ar_large
};
inline constexpr std::size_t coco_figure_count = 12;

struct CocoFigures {
  std::int64_t ground_truths = 0;                  ///< counted ones, of any area
  std::array<double, coco_figure_count> values{};  ///< 0..1; NaN without ground truth (pycocotools says -1)
  double operator[](CocoFigure figure) const { return values[static_cast<std::size_t>(figure)]; }
};

struct CocoResult {
  std::int64_t frames = 0;
  Rules rules;
  std::vector<CocoFigures>
      classes;      ///< in the order of the rules'; one that no detection names has 0, as in pycocotools
  CocoFigures all;  ///< means over the classes that have ground truth
};

/// `rules`: those that coco_frames was given. Throws Error(data) naming both where two frames have one image id.
CocoResult coco_precision(std::span<const CocoFrame> frames, const Rules& rules = {});

}  // namespace fastbox::eval
