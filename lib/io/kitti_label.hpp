// KITTI's object lines: 15 columns in a label, 16 (a score) in a result.
//
//   type truncated occluded alpha left top right bottom height width length x y z rotation_y [score]
//
// Numbers are read as doubles: single precision flips the difficulty of dozens of objects in KITTI's own
// labels. Thread-safe: no state. Source of the format: the readme.txt of KITTI's object development kit.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace fastbox::io {

constexpr std::size_t largest_labels = std::size_t{16} << 20;  ///< bytes of one frame's file: some 200,000 objects

/// Pixels of the original frame; x to the right, y down.
struct Box {
  double left = 0, top = 0, right = 0, bottom = 0;
  double width() const { return right - left; }
  double height() const { return bottom - top; }
};

/// One object of a frame. Defaults are what KITTI writes for "unknown".
struct Object {
  std::string type;       ///< Car, Van, Truck, Pedestrian, Person_sitting, Cyclist, Tram, Misc or DontCare; any case
  double truncated = -1;  ///< share outside the frame, 0..1
  int occluded = -1;      ///< 0 visible, 1 partly, 2 largely occluded, 3 unknown
  double alpha = -10;     ///< observation angle, radians
  Box box;
  double height = -1, width = -1, length = -1;  ///< metres
  double x = -1000, y = -1000, z = -1000;       ///< metres in camera coordinates
  double rotation_y = -10;                      ///< radians
  double score = 0;                             ///< results only
};

/// The objects of a label file (15 columns; an empty file is a frame without objects). Throws Error(data) naming the
/// file where it holds more than largest_labels, and file and line for another number of columns, a word in a number's
/// place, a NaN, or a box whose right is left of its left.
std::vector<Object> read_labels(const std::filesystem::path& file);

/// The detections of a result file (16 columns), with the same errors except that a box may be turned inside
/// out: networks give such boxes, and the official evaluator counts them.
std::vector<Object> read_detections(const std::filesystem::path& file);

/// As above from text already in memory; `name` is for messages, and `first_line` the number of the text's first.
std::vector<Object> parse_labels(std::string_view text, const std::string& name, std::size_t first_line = 1);
std::vector<Object> parse_detections(std::string_view text, const std::string& name);

/// KITTI's own boxes have two decimals.
constexpr int label_decimals = 2;

/// The lines of a label file or, with the score, of a result file.
std::string format_labels(const std::vector<Object>& objects);
std::string format_detections(const std::vector<Object>& objects, int score_decimals = 6,
                              int box_decimals = label_decimals);

}  // namespace fastbox::io
