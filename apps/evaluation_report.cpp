#include "evaluation_report.hpp"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "eval/bands.hpp"
#include "eval/bootstrap.hpp"
#include "eval/calibration_plot.hpp"
#include "eval/coco_precision.hpp"
#include "eval/coco_table.hpp"
#include "eval/curve_plot.hpp"
#include "eval/mistake_drawing.hpp"
#include "eval/result_table.hpp"
#include "eval/worst_frames.hpp"
#include "io/image.hpp"
#include "json_output.hpp"

namespace fastbox::apps {
namespace {

std::size_t difficulty_named(const std::string& name) {
  const auto& names = eval::difficulty_names;
  return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

/// FOLDER/01-000123.png: the worst first.
void draw_worst(const ReportOptions& options, const std::vector<eval::WorstFrame>& worst,
                std::span<const eval::FrameObjects> frames, const ImageOf& image_of) {
  create_folders(options.draw);
  for (std::size_t i = 0; i < worst.size(); ++i) {
    const auto& bad = worst[i];
    const auto& frame = frames[bad.index];
    cv::Mat picture = io::read_frame(image_of(bad.index));
    eval::draw_mistakes(picture, frame.detections, frame.labels, bad.missed, bad.false_positives, {});
    const std::string place = concat(i + 1 < 10 ? "0" : "", i + 1, '-', bad.name, ".png");
    io::write_picture(std::filesystem::path(options.draw) / place, picture);
  }
  log::info(worst.size(), " of the worst frames drawn in ", options.draw);
}

}  // namespace

void add_report_options(CLI::App& command, ReportOptions& options) {
  command.add_option("--json", options.json, "write every figure to this file; - for standard output");
  command.add_flag("--coco", options.coco, "also COCO's figures: AP at IoU .50:.95, by size, and recalls");
  command.add_flag("--bands", options.bands, "also AP by height of the box (distance), occlusion and truncation");
  auto* calibration = command.add_flag(
      "--calibration", options.calibration,
      "also how far scores are from precisions, and the temperature that mends it; with --curves as SVG too");
  command
      .add_option("--calibration-difficulty", options.calibration_difficulty,
                  "whose ground truths count in the calibration")
      ->check(CLI::IsMember({"easy", "moderate", "hard"}))
      ->needs(calibration)
      ->capture_default_str();
  auto* bootstrap = command
                        .add_option("--bootstrap", options.bootstrap,
                                    "also confidence intervals of each AP, from so many resamples of the frames")
                        ->check(CLI::Range(2, 1'000'000));
  command.add_option("--seed", options.seed, "of the resamples")->needs(bootstrap);
  command.add_option("--level", options.level, "of the intervals")->needs(bootstrap)->capture_default_str();
  command.add_option("--curves", options.curves, "write precision-recall curves as SVG into this folder");
  auto* worst = command
                    .add_option("--worst", options.worst,
                                "also list so many of the worst frames: misses plus scores of false positives")
                    ->check(CLI::Range(1, 1'000'000));
  command.add_option("--worst-difficulty", options.worst_difficulty, "at which they are judged")
      ->check(CLI::IsMember({"easy", "moderate", "hard"}))
      ->needs(worst)
      ->capture_default_str();
  command.add_option("--draw", options.draw, "draw the worst frames with their mistakes into this folder")
      ->needs(worst);
}

void report(const ReportOptions& options, const eval::KittiResult& result, double milliseconds,
            std::span<const eval::FrameObjects> frames, const std::vector<eval::CocoFrame>& coco,
            const ImageOf& image_of, const MoreFigures& more) {
  std::string text = eval::result_table(result, milliseconds);
  auto json = eval::result_json(result, milliseconds);
  if (options.coco) {
    const auto figures =
        eval::coco_precision(coco.empty() ? eval::coco_frames(frames, result.rules) : coco, result.rules);
    text += "\n" + eval::coco_table(figures);
    json["coco"] = eval::coco_json(figures);
  }
  if (options.bands) {
    const auto bands = eval::evaluate_bands(frames, result.rules);
    text += "\n" + eval::bands_table(bands);
    json["bands"] = eval::bands_json(bands);
  }
  if (options.calibration) {
    const auto calibration =
        eval::calibrate(frames, result.rules, {.difficulty = difficulty_named(options.calibration_difficulty)});
    text += "\n" + eval::calibration_table(calibration);
    json["calibration"] = eval::calibration_json(calibration);
    if (!options.curves.empty()) {
      const auto files = eval::write_reliability(options.curves, calibration);
      log::info(files.size(), " reliability diagrams in ", options.curves);
    }
  }
  if (options.bootstrap > 0) {
    const auto intervals = eval::bootstrap(frames, result.rules, {options.bootstrap, options.seed, options.level, 0});
    text += "\n" + eval::bootstrap_table(intervals);
    json["bootstrap"] = eval::bootstrap_json(intervals);
  }
  if (options.worst > 0) {
    eval::WorstFramesOptions choice;
    choice.count = static_cast<std::size_t>(options.worst);
    choice.difficulty = difficulty_named(options.worst_difficulty);
    const auto worst = eval::worst_frames(frames, result.rules, choice);
    text += "\n" + eval::worst_frames_table(worst);
    json["worst_frames"] = eval::worst_frames_json(worst);
    if (!options.draw.empty()) draw_worst(options, worst, frames, image_of);
  }
  if (!options.curves.empty()) {
    const auto files = eval::write_curves(options.curves, result);
    log::info(files.size(), " precision-recall curves in ", options.curves);
  }
  if (!more.key.empty()) {
    text += "\n" + more.text;
    json[more.key] = more.json;
  }
  if (options.json != "-") std::cout << text;
  write_json(options.json, json);
}

}  // namespace fastbox::apps
