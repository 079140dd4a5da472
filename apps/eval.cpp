// fastbox eval --checkpoint DIR [--data ROOT --split LIST] [--json FILE] ...
// fastbox eval --predictions DIR_OR_JSON --labels DIR [--split LIST] [--json FILE] ...

#include <ATen/Parallel.h>

#include "base/files.hpp"
#include "comm/launcher.hpp"
#include "commands.hpp"
#include "data/dataset.hpp"
#include "distributed.hpp"
#include "eval/coco_files.hpp"
#include "eval/evaluate_folder.hpp"
#include "eval/result_table.hpp"
#include "evaluation_report.hpp"
#include "train/detector.hpp"
#include "train/device.hpp"
#include "train/evaluator.hpp"
#include "train/robustness.hpp"

namespace fastbox::apps {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string checkpoint, data, split, predictions, labels, images, evaluator = "kitti2017", out, format = "kitti";
  std::vector<std::string> overrides, classes, overlaps;
  bool missing_as_empty = false, robustness = false;
  ReportOptions report;
};

eval::FolderOptions folder_options(const Options& options) {
  eval::FolderOptions folder;
  folder.predictions = options.predictions;
  folder.labels = options.labels;
  folder.split = options.split;
  folder.missing_as_empty = options.missing_as_empty;
  return folder;
}

eval::Rules rules_of(const Options& options) {
  return eval::rules_for(eval::evaluator_named(options.evaluator), parse_object_classes(options.classes, "--classes"),
                         options.overlaps, "--overlaps");
}

/// Result files in this process alone.
void evaluate_predictions(const Options& options) {
  const eval::Rules rules = rules_of(options);
  const auto folder = folder_options(options);
  eval::FolderFrames found;
  std::vector<eval::CocoFrame> coco;
  if (fs::is_regular_file(options.predictions)) {
    auto read = eval::read_coco_predictions(folder, rules);
    found = std::move(read.folder);
    coco = std::move(read.frames);
  } else {
    found = eval::read_folder(folder);
    eval::warn_of_left_out(found, folder);
  }
  report(options.report, eval::evaluate(found.frames, rules), eval::unknown_time, found.frames, coco,
         [&](std::size_t i) { return fs::path(options.images) / (found.frames[i].name + ".png"); });
}

/// Under a launcher, each rank reads and matches a share of the frames.
void evaluate_predictions_shared(const Options& options, comm::World& world) {
  if (fs::is_regular_file(options.predictions) || options.report.needs_frames()) {
    train::together(world, [&] {
      if (world.is_first()) evaluate_predictions(options);
    });
    return;
  }
  const eval::Rules rules = rules_of(options);
  auto folder = folder_options(options);
  folder.part = world.rank();
  folder.parts = world.size();
  eval::FolderFrames found;
  train::together(world, [&] { found = eval::read_folder(folder); });
  if (world.is_first()) eval::warn_of_left_out(found, folder);
  const auto result = train::evaluate_shared(world, found.frames, rules);
  if (world.is_first()) report(options.report, result, eval::unknown_time, {}, {}, {});
}

void write_results(const Options& options, const std::vector<eval::FrameObjects>& frames, const fs::path& images,
                   int decimals, const eval::Rules& rules) {
  if (options.out.empty()) return;
  if (options.format == "kitti") return train::write_detections(options.out, frames, decimals);
  create_folders(options.out);
  eval::write_coco_results(fs::path(options.out) / "results.json", frames, rules);
  eval::write_coco_ground_truth(fs::path(options.out) / "ground_truth.json", frames, images, rules);
}

/// Into the run folder, for its report. A step folder that was copied elsewhere has none.
void write_robustness(const fs::path& checkpoint, const nlohmann::ordered_json& figures,
                      const config::DataSettings& data) {
  const fs::path run = fs::absolute(checkpoint).parent_path().parent_path();
  if (!fs::exists(run / "config.yaml")) return;
  auto told = figures;
  told["checkpoint"] = fs::absolute(checkpoint).filename().string();
  told["data"] = data.root;
  told["list"] = data.val;
  write_file_atomically(run / "robustness.json", told.dump(2) + "\n");
}

void evaluate_checkpoint(const Options& options, comm::World& world) {
  if (options.robustness && eval::evaluator_named(options.evaluator) != eval::Evaluator::kitti2017)
    fail(ExitCode::usage, "--robustness: is scored by kitti2017 alone, found --evaluator ", options.evaluator);
  auto overrides = options.overrides;
  if (!options.data.empty()) overrides.push_back("data.root=" + options.data);
  if (!options.split.empty()) overrides.push_back("data.val=" + options.split);
  const auto loaded = train::load_model(options.checkpoint, overrides, world.node_rank());
  const auto& settings = loaded.config.settings;
  at::set_num_threads(train::choose_threads(settings.run.threads, world.node_size()));
  const auto dataset = data::open_dataset(settings.data, fs::current_path(), data::Part::val);
  const auto evaluation = train::evaluate(*loaded.model, settings, dataset, world);
  MoreFigures more;
  if (options.robustness) {
    const auto robustness = train::measure_robustness(*loaded.model, settings, dataset, evaluation.result, world);
    more = {train::robustness_table(robustness), "robustness", train::robustness_json(robustness)};
  }
  if (!world.is_first()) return;
  if (options.robustness) write_robustness(loaded.checkpoint, more.json, settings.data);
  write_results(options, evaluation.frames, data::image_folder(dataset.root()),
                train::score_decimals(settings.evaluation), evaluation.result.rules);
  const auto rules = train::evaluation_rules(settings, eval::evaluator_named(options.evaluator));
  report(
      options.report,
      rules.evaluator == evaluation.result.rules.evaluator ? evaluation.result
                                                           : eval::evaluate(evaluation.frames, rules),
      evaluation.milliseconds_per_image, evaluation.frames, {}, [&](std::size_t i) { return dataset[i].image; }, more);
}

void run(const Options& options) {
  if (!options.checkpoint.empty())
    run_distributed([&](comm::World& world) { evaluate_checkpoint(options, world); });
  else if (options.predictions.empty())
    throw CLI::RequiredError("--checkpoint or --predictions with --labels");
  else if (!options.report.draw.empty() && options.images.empty())
    throw CLI::RequiredError("--images (the folder of NAME.png that --draw draws on)");
  else if (comm::is_launched())
    run_distributed([&](comm::World& world) { evaluate_predictions_shared(options, world); });
  else
    evaluate_predictions(options);
}

}  // namespace

void add_eval(CLI::App& app) {
  auto* command = app.add_subcommand("eval", "KITTI average precision of a checkpoint, or of result files");
  auto options = std::make_shared<Options>();
  auto* checkpoint = command->add_option("--checkpoint", options->checkpoint, "run folder or step folder");
  auto* predictions =
      command->add_option("--predictions", options->predictions, "folder of KITTI result files, or COCO's JSON file");
  auto* labels = command->add_option("--labels", options->labels, "folder of KITTI label files");
  predictions->excludes(checkpoint)->needs(labels);
  labels->needs(predictions);
  command->add_option("--data", options->data, "KITTI's root (default: the run's)")->needs(checkpoint);
  command->add_option("--split", options->split,
                      "list of the frames to evaluate (default: the run's validation list, or all result files)");
  command->add_option("--set", options->overrides, "a key's value over the run's: key=value")
      ->allow_extra_args(false)
      ->needs(checkpoint);
  auto* out = command->add_option("--out", options->out, "also write the results into this folder")->needs(checkpoint);
  command
      ->add_option("--format", options->format,
                   "of --out. kitti: a file a frame; coco: results.json and ground_truth.json")
      ->check(CLI::IsMember({"kitti", "coco"}))
      ->needs(out)
      ->capture_default_str();
  auto* images = command->add_option("--images", options->images, "folder of the frames' pictures, for --draw")
                     ->needs(predictions);
  command->add_option("--evaluator", options->evaluator, "generation of the official evaluator")
      ->check(CLI::IsMember({"kitti2017", "kitti2017a", "kitti2012"}))
      ->capture_default_str();
  command
      ->add_option(
          "--classes", options->classes,
          "classes to evaluate, as targets.classes writes them: Bus=Bus+Coach-Minibus (default: KITTI's three)")
      ->type_name("CLASS")
      ->needs(predictions);
  command
      ->add_option("--overlaps", options->overlaps,
                   "the IoU that a detection must exceed, by class: Bus=0.6 (default: KITTI's, else 0.5)")
      ->type_name("CLASS=IOU")
      ->needs(predictions);
  command
      ->add_flag("--missing-as-empty", options->missing_as_empty,
                 "a listed frame without result file has no detections")
      ->needs(predictions);
  command
      ->add_flag("--robustness", options->robustness,
                 "also AP under noise, blur, darkness and JPEG, each at three strengths; kept in the run folder for "
                 "its report")
      ->needs(checkpoint);
  add_report_options(*command, options->report);
  images->needs(command->get_option("--draw"));
  command->callback([options] { run(*options); });
}

}  // namespace fastbox::apps
