// What `fastbox eval` prints and writes beyond the official table: COCO's figures, bands, intervals, curves, worst frames.
//
// One thread, rank 0.
#pragma once

#include <CLI/CLI.hpp>

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "eval/average_precision.hpp"
#include "eval/coco_frames.hpp"

namespace fastbox::apps {

struct ReportOptions {
  std::string json, curves, draw;
  bool coco = false, bands = false;
  int bootstrap = 0;
  std::uint64_t seed = 0;
  double level = 0.95;
  int worst = 0;
  std::string worst_difficulty = "moderate";

  /// Whether all frames are needed in this process, and not only the figures of the table.
  bool needs_frames() const { return coco || bands || bootstrap > 0 || worst > 0 || !draw.empty(); }
};

void add_report_options(CLI::App& command, ReportOptions& options);

/// Where a frame's picture lies, by the frame's place in the list.
using ImageOf = std::function<std::filesystem::path(std::size_t)>;

/// Everything that was asked for: tables to standard output unless the JSON goes there; the JSON, curves and pictures to
/// their files. `frames` may be empty where options.needs_frames() is false. `coco`: COCO's own view of the frames where
/// they came from its format, else empty.
void report(const ReportOptions& options, const eval::KittiResult& result, double milliseconds,
            std::span<const eval::FrameObjects> frames, const std::vector<eval::CocoFrame>& coco,
            const ImageOf& image_of);

}  // namespace fastbox::apps
