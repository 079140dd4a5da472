// KITTI's objects in COCO's terms: one choice of categories and crowds, for the figures (coco_precision.hpp)
// and for the files (coco_files.hpp), so that both always speak of the same objects.
//
// - Categories are the evaluated classes in their order: 1 Car, 2 Pedestrian, 3 Cyclist. Types compare without case.
// - Every label of a class is one of its ground truths, at any occlusion, truncation and height: COCO knows
//   areas (small, medium, large) where KITTI knows difficulties.
// - DontCare is a region of every class, so it becomes a crowd annotation in each of the categories. A
//   crowd is COCO's only way to say "not counted": a detection that lies in it by the IoU threshold's share of
//   the detection's own area is neither hit nor false, and any number of detections may lie in one. KITTI
//   measures DontCare by the same share.
// - Neighbours (Van for Car, Person_sitting for Pedestrian) are crowds of that category for the same reason:
//   KITTI ignores them, and COCO's evaluators overwrite a plain "ignore" by iscrowd.
// - Every other type (Truck, Tram, Misc) is left out: detections of a class on them are false, as in KITTI.
//
// Thread-safe: no state.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "eval/average_precision.hpp"

namespace fastbox::eval {

/// The category of a detection's type, 1 for the first class; none for a type that is no evaluated class.
std::optional<int> coco_category(std::string_view type, const Rules& rules = {});

/// Pixels of the original frame, with width and height as COCO's files have them. A detector's box may be
/// turned inside out: then w or h is negative.
struct CocoBox {
  double x = 0, y = 0, w = 0, h = 0;
  double area() const { return w * h; }
};

CocoBox coco_box(const io::Box& box);
io::Box box_of(const CocoBox& box);  ///< right and bottom are x + w and y + h, rounded to a double

struct CocoTruth {
  CocoBox box;
  bool is_crowd = false;
};

struct CocoDetection {
  CocoBox box;
  double score = 0;
};

/// One frame's objects by class, in the order of the frame's files.
struct CocoFrame {
  std::int64_t image_id = 0;
  std::string name;  ///< for messages
  std::vector<std::vector<CocoTruth>> truths;
  std::vector<std::vector<CocoDetection>> detections;
};

/// A frame's id in COCO's files, a function of its name alone, so that whoever reads a file finds the frame
/// again whatever list it came from: the number where the name is one of at most 15 digits ("000007" -> 7),
/// else 2^52 plus the first 52 bits of the name's SHA-256 (a number that a double holds, and no frame's
/// number).
std::int64_t coco_image_id(const std::string& name);

/// Throws Error(data) naming both where two frames have one id ("7" and "000007", or one frame twice).
std::vector<std::int64_t> coco_image_ids(std::span<const FrameObjects> frames);

/// The frames in COCO's terms. Detections of other types have no category and are left out. Throws as
/// coco_image_ids, and Error(data) naming the frame for a box or score that is not finite.
std::vector<CocoFrame> coco_frames(std::span<const FrameObjects> frames, const Rules& rules = {});

}  // namespace fastbox::eval
