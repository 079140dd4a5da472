// What `fastbox eval` prints and writes beyond the official table: COCO's figures, bands, intervals, calibration, curves,
// worst frames.
//
// One thread, rank 0.
#pragma once

#include <CLI/CLI.hpp>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "eval/average_precision.hpp"
#include "eval/coco_frames.hpp"

namespace fastbox::apps {

struct ReportOptions {
  std::string json, curves, draw;
  bool coco = false, bands = false, calibration = false;
  int bootstrap = 0;
  std::uint64_t seed = 0;
  double level = 0.95;
  int worst = 0;
  std::string worst_difficulty = "moderate", calibration_difficulty = "moderate";

  /// Whether all frames are needed in this process, and not only the figures of the table.
  bool needs_frames() const { return coco || bands || calibration || bootstrap > 0 || worst > 0 || !draw.empty(); }
};

void add_report_options(CLI::App& command, ReportOptions& options);

/// Where a frame's picture lies, by the frame's place in the list.
using ImageOf = std::function<std::filesystem::path(std::size_t)>;

/// What the caller measured besides: a table below the others, and a member of the JSON. Nothing where `key` is empty.
struct MoreFigures {
  std::string text, key;
  nlohmann::ordered_json json;
};

/// Everything that was asked for: tables to standard output unless the JSON goes there; the JSON, curves and pictures to
/// their files. `frames` may be empty where options.needs_frames() is false. `coco`: COCO's own view of the frames where
/// they came from its format, else empty.
void report(const ReportOptions& options, const eval::KittiResult& result, double milliseconds,
            std::span<const eval::FrameObjects> frames, const std::vector<eval::CocoFrame>& coco,
            const ImageOf& image_of, const MoreFigures& more = {});

}  // namespace fastbox::apps
