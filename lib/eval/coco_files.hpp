// COCO's two files: a list of results, and the ground truth. Others' tools read both, fastbox reads the first.
//
//   results       [{"image_id": 7, "category_id": 1, "bbox": [x, y, w, h], "score": s}, ...]
//   ground truth  {"info", "images": [{"id", "file_name", "width", "height"}], "annotations": [{"id", "image_id",
//                  "category_id", "bbox", "area", "iscrowd"}], "categories": [{"id", "name", "supercategory"}]}
//
// Categories, crowds and image ids are those of coco_frames.hpp; pycocotools on the two files gives the
// figures of coco_precision.hpp. Numbers have every digit of a double. Annotations count from 1 (pycocotools
// takes the id 0 for "none"). pycocotools' loadRes cannot read a list without results.
//
// Thread-safe as long as no two threads write the same path.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "eval/coco_frames.hpp"
#include "eval/evaluate_folder.hpp"

namespace fastbox::eval {

/// The frames' detections, in their order. Those of types that have no category are left out. Throws as
/// coco_frames.
std::string format_coco_results(std::span<const FrameObjects> frames, const Rules& rules = {});

/// The frames' labels. `images`: the folder of NAME.png whose headers give width and height; empty: both are
/// left out (nothing else tells them, and frames differ). Throws as coco_frames, and Error(data) for a missing
/// or damaged image.
std::string format_coco_ground_truth(std::span<const FrameObjects> frames, const std::filesystem::path& images = {},
                                     const Rules& rules = {});

/// As above into a file, whole or not at all; log::warning tells the types and numbers of detections that are
/// left out. Throws Error(environment) too.
void write_coco_results(const std::filesystem::path& file, std::span<const FrameObjects> frames,
                        const Rules& rules = {});
void write_coco_ground_truth(const std::filesystem::path& file, std::span<const FrameObjects> frames,
                             const std::filesystem::path& images = {}, const Rules& rules = {});

/// One line of a result file.
struct CocoEntry {
  std::int64_t image_id = 0;
  int category_id = 0;  ///< from 1
  CocoBox box;
  double score = 0;
};

/// Throws Error(data) naming the file and the entry (counted from 1) for what is no list, no number or not
/// whole where it must be, a box of other than four numbers, or a category that no class has. Other keys
/// of an entry are not looked at.
std::vector<CocoEntry> read_coco_results(const std::filesystem::path& file, const Rules& rules = {});
std::vector<CocoEntry> parse_coco_results(std::string_view text, const std::string& name, const Rules& rules = {});

struct CocoPredictions {
  FolderFrames folder;            ///< the same as read_folder gives, for KITTI's figures
  std::vector<CocoFrame> frames;  ///< for COCO's: the file's own x, y, w, h, which edges would round
};

/// A result file (options.predictions) against a folder of labels. Frames are those of options.split, and those
/// without entries have no detections. Without a split, frames are those that the file names, found among the
/// label files; log::warning says so, because frames without detections are not in such a file and their objects
/// are then not missed. Image ids of frames that are not listed stand in `not_listed` as "image_id 7", and
/// log::warning names them. missing_as_empty and threads have no meaning here. Throws Error(data) as
/// read_coco_results and io::read_labels do, and naming every image id that has no label file.
CocoPredictions read_coco_predictions(const FolderOptions& options, const Rules& rules = {});

}  // namespace fastbox::eval
