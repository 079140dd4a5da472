// fastbox eval --checkpoint DIR [--data ROOT --split LIST] [--json FILE]
// fastbox eval --predictions DIR --labels DIR [--split LIST] [--json FILE]

#include <ATen/Parallel.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "data/dataset.hpp"
#include "distributed.hpp"
#include "eval/evaluate_folder.hpp"
#include "eval/result_table.hpp"
#include "json_output.hpp"
#include "train/detector.hpp"
#include "train/device.hpp"
#include "train/evaluator.hpp"

namespace fastbox::apps {
namespace {

struct Options {
  std::string checkpoint, data, split, predictions, labels, json, evaluator = "kitti2017", out;
  std::vector<std::string> overrides;
  bool missing_as_empty = false;
};

/// Tables go to standard output unless the JSON does.
void print(const Options& options, const eval::KittiResult& result, double milliseconds) {
  if (options.json != "-") std::cout << eval::result_table(result, milliseconds);
  write_json(options.json, eval::result_json(result, milliseconds));
}

void evaluate_predictions(const Options& options) {
  eval::FolderOptions folder;
  folder.predictions = options.predictions;
  folder.labels = options.labels;
  folder.split = options.split;
  folder.missing_as_empty = options.missing_as_empty;
  print(options, eval::evaluate_folder(folder, eval::evaluator_named(options.evaluator)), eval::unknown_time);
}

void evaluate_checkpoint(const Options& options) {
  run_distributed([&](comm::World& world) {
    auto overrides = options.overrides;
    if (!options.data.empty()) overrides.push_back("data.root=" + options.data);
    if (!options.split.empty()) overrides.push_back("data.val=" + options.split);
    const auto loaded = train::load_model(options.checkpoint, overrides, world.node_rank());
    const auto& settings = loaded.config.settings;
    at::set_num_threads(train::choose_threads(settings.run.threads, world.node_size()));
    const auto frames = data::open_dataset(settings.data, std::filesystem::current_path(), data::Part::val);
    const auto evaluation = train::evaluate(*loaded.model, settings, frames, world);
    if (!world.is_first()) return;
    const auto result = eval::evaluate(evaluation.frames, eval::evaluator_named(options.evaluator));
    if (!options.out.empty()) train::write_detections(options.out, evaluation.frames);
    print(options, result, evaluation.milliseconds_per_image);
  });
}

}  // namespace

void add_eval(CLI::App& app) {
  auto* command = app.add_subcommand("eval", "KITTI average precision of a checkpoint, or of a folder of result files");
  auto options = std::make_shared<Options>();
  auto* checkpoint = command->add_option("--checkpoint", options->checkpoint, "run folder or step folder");
  auto* predictions = command->add_option("--predictions", options->predictions, "folder of KITTI result files");
  auto* labels = command->add_option("--labels", options->labels, "folder of KITTI label files");
  predictions->excludes(checkpoint)->needs(labels);
  labels->needs(predictions);
  command->add_option("--data", options->data, "KITTI's root (default: the run's)")->needs(checkpoint);
  command->add_option("--split", options->split,
                      "list of the frames to evaluate (default: the run's validation list, or all result files)");
  command->add_option("--set", options->overrides, "a key's value over the run's: key=value")
      ->allow_extra_args(false)
      ->needs(checkpoint);
  command->add_option("--out", options->out, "also write the result files into this folder")->needs(checkpoint);
  command->add_option("--evaluator", options->evaluator, "generation of the official evaluator")
      ->check(CLI::IsMember({"kitti2017", "kitti2017a", "kitti2012"}))
      ->capture_default_str();
  command
      ->add_flag("--missing-as-empty", options->missing_as_empty,
                 "a listed frame without result file has no detections")
      ->needs(predictions);
  command->add_option("--json", options->json, "write every figure to this file; - for standard output");
  command->callback([options, command] {
    if (!options->predictions.empty())
      evaluate_predictions(*options);
    else if (!options->checkpoint.empty())
      evaluate_checkpoint(*options);
    else
      throw CLI::RequiredError("--checkpoint or --predictions with --labels");
  });
}

}  // namespace fastbox::apps
