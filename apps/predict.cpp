// fastbox predict --checkpoint DIR --out DIR [--draw] [--explain N] [--split LIST] IMAGE_OR_FOLDER...

#include <ATen/Parallel.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "base/process_time.hpp"
#include "base/progress_bar.hpp"
#include "commands.hpp"
#include "data/frame_numbers.hpp"
#include "data/sampler.hpp"
#include "distributed.hpp"
#include "eval/coco_files.hpp"
#include "eval/drawing.hpp"
#include "io/image.hpp"
#include "io/split_list.hpp"
#include "predict_explanations.hpp"
#include "train/detector.hpp"
#include "train/device.hpp"
#include "train/evaluator.hpp"

namespace fastbox::apps {
namespace {

namespace fs = std::filesystem;

constexpr char end_of_image = '\f';

struct Options {
  std::string checkpoint, out, split, format = "kitti";
  std::vector<std::string> inputs, overrides;
  bool draw = false;
  double draw_score = 0.3;
  int decimals = io::label_decimals;
  ExplainOptions explain;
};

/// The images named, and those in the folders named, by name. Two of one name would overwrite each other's results.
std::vector<fs::path> images_of(const std::vector<std::string>& inputs) {
  std::vector<fs::path> images;
  for (const auto& input : inputs) {
    if (!fs::exists(input)) fail(ExitCode::data, input, ": there is no such image or folder");
    if (!fs::is_directory(input)) {
      images.emplace_back(input);
      continue;
    }
    const std::size_t before = images.size();
    for (const auto& entry : fs::directory_iterator(input))
      if (lower(entry.path().extension().string()) == ".png") images.push_back(entry.path());
    if (images.size() == before) fail(ExitCode::data, input, ": holds no PNG image");
    std::sort(images.begin() + static_cast<std::ptrdiff_t>(before), images.end());
  }
  std::map<std::string, fs::path> by_name;
  for (const auto& image : images) {
    const auto [other, is_new] = by_name.emplace(image.stem().string(), image);
    if (!is_new)
      fail(ExitCode::usage, image.string(), ": has the name of ", other->second.string(),
           "; both results would be one file");
  }
  return images;
}

/// What is to be done, and what cannot be.
struct Work {
  std::vector<fs::path> images;
  std::vector<std::string> missing;  ///< listed frames without an image
};

/// The list's frames, in its order, from the one folder that is named.
Work listed_images(const Options& options) {
  if (options.inputs.size() != 1 || !fs::is_directory(options.inputs.front()))
    fail(ExitCode::usage, "--split ", options.split,
         ": its frames are looked for in one folder, expected that folder alone");
  Work work;
  for (const auto& name : io::read_split_list(options.split))
    if (fs::path image = fs::path(options.inputs.front()) / (name + ".png"); fs::exists(image))
      work.images.push_back(std::move(image));
    else
      work.missing.push_back(name);
  if (work.images.empty())
    fail(ExitCode::data, options.inputs.front(), ": holds no image of the ", work.missing.size(), " frames that ",
         options.split, " lists");
  return work;
}

Work work_of(const Options& options) {
  return options.split.empty() ? Work{images_of(options.inputs), {}} : listed_images(options);
}

/// KITTI's server wants a result for each of its test frames, and refuses others.
void warn_of_incomplete_submission(const Options& options, const std::vector<fs::path>& images) {
  std::vector<std::string> names;
  for (const auto& image : images) names.push_back(image.stem().string());
  const fs::path folder = fs::absolute(images.front()).parent_path();
  const bool is_test_set = folder.filename() == "image_2" && folder.parent_path().filename() == "testing";
  if (is_test_set && (!options.split.empty() || fs::is_directory(options.inputs.front()))) {
    const auto missing = data::missing_numbers(names, data::kitti_testing_frames);
    if (!missing.empty())
      log::warning(folder.string(), ": ", missing.size(), " of KITTI's ", data::kitti_testing_frames,
                   " test frames have no result: ", data::runs_of_numbers(missing));
  }
  if (options.format != "kitti") return;
  const std::set<std::string> done(names.begin(), names.end());
  std::set<std::string> others;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(options.out, ignored))
    if (entry.path().extension() == ".txt" && !done.contains(entry.path().stem().string()))
      others.insert(entry.path().stem().string());
  if (!others.empty())
    log::warning(options.out, ": holds ", others.size(),
                 " result files of other frames: ", data::runs_of_numbers({others.begin(), others.end()}));
}

/// One JSON for all images, on rank 0. Through the lines of result files, so that both formats hold the same digits.
void write_coco(const Options& options, const std::vector<fs::path>& images, const std::vector<std::string>& texts,
                comm::World& world) {
  if (!world.is_first()) return;
  std::vector<eval::FrameObjects> frames;
  for (const auto& text : texts) {
    auto parts = split(text, end_of_image);
    parts.pop_back();  // what follows the last separator: nothing
    for (const auto part : parts) {
      const std::string name = images[frames.size()].stem().string();
      frames.push_back({name, {}, io::parse_detections(part, name)});
    }
  }
  create_folders(options.out);
  eval::write_coco_results(fs::path(options.out) / "results.json", frames);
}

/// Into the run folder, for its report. One that cannot be written, or a step folder that was copied elsewhere, has none.
void tell_run(const fs::path& checkpoint, std::size_t images) {
  const fs::path run = fs::absolute(checkpoint).parent_path().parent_path();
  if (!fs::exists(run / "config.yaml")) return;
  const nlohmann::ordered_json told = {{"checkpoint", fs::absolute(checkpoint).filename().string()},
                                       {"images", images},
                                       {"seconds", seconds_since_process_start()}};
  try {
    write_file_atomically(run / "predict.json", told.dump(2) + "\n");
  } catch (const Error& problem) {
    log::debug(problem.what());
  }
}

/// This rank's share of the images.
void predict(const Options& options, comm::World& world) {
  const Work work = work_of(options);
  const auto& images = work.images;
  const auto loaded = train::load_model(options.checkpoint, options.overrides, world.node_rank());
  const auto& settings = loaded.config.settings;
  at::set_num_threads(train::choose_threads(settings.run.threads, world.node_size()));
  const train::Detector detector(*loaded.model, settings);
  Explanations explanations(*loaded.model, settings, options.explain, options.out);
  const auto share = data::share_of(static_cast<std::int64_t>(images.size()), world.rank(), world.size());
  std::string lines;
  train::together(world, [&] {
    ProgressBar bar(world.size() == 1 ? "images" : "images, rank 0", share.count);
    for (std::int64_t i = share.begin; i < share.begin + share.count; ++i) {
      const fs::path& image = images[static_cast<std::size_t>(i)];
      const auto frame = data::load_picture(image, settings.model.width, settings.model.height);
      const auto seen = detector.see(frame);
      const auto objects = detector.objects_of(seen, frame.frame_width, frame.frame_height);
      const fs::path result = fs::path(options.out) / image.stem();
      const std::string text =
          io::format_detections(objects, train::score_decimals(settings.evaluation), options.decimals);
      if (options.format == "kitti")
        write_file_atomically(result.string() + ".txt", text);
      else
        lines += text + end_of_image;
      if (options.draw) {
        cv::Mat picture = io::read_frame(image);
        eval::draw_objects(picture, objects, {}, {options.draw_score});
        io::write_picture(result.string() + ".png", picture);
      }
      if (options.explain.most > 0)
        explanations.add(image, frame, detector.found_in(seen, frame.frame_width, frame.frame_height));
      bar.advance();
    }
  });
  if (options.format == "coco") write_coco(options, images, world.gather(lines), world);
  if (options.explain.most > 0) explanations.write(world);
  log::info(images.size(), " images: results in ", options.out);
  if (world.is_first()) {
    warn_of_incomplete_submission(options, images);
    tell_run(loaded.checkpoint, images.size());
  }
  if (!work.missing.empty())
    fail(ExitCode::data, options.split, ": ", work.missing.size(), " listed frames have no image in ",
         options.inputs.front(), ": ", data::runs_of_numbers(work.missing), "; the others are done");
}

}  // namespace

void add_predict(CLI::App& app) {
  auto* command = app.add_subcommand("predict", "Detect objects in images: KITTI result files and annotated pictures");
  auto options = std::make_shared<Options>();
  command->add_option("--checkpoint", options->checkpoint, "run folder or step folder")->required();
  command->add_option("--out", options->out, "folder for the results and, with --draw, NAME.png")->required();
  command->add_option("--format", options->format, "kitti: NAME.txt for each image; coco: one results.json")
      ->check(CLI::IsMember({"kitti", "coco"}))
      ->capture_default_str();
  command->add_option("--decimals", options->decimals, "of the boxes' edges, in pixels; KITTI's own files have 2")
      ->check(CLI::Range(0, 9))
      ->capture_default_str();
  command->add_flag("--draw", options->draw, "also write the pictures with boxes, classes and scores");
  command->add_option("--draw-score", options->draw_score, "draw only detections of at least this score")
      ->capture_default_str();
  add_explain_options(*command, options->explain);
  command->add_option(
      "--split", options->split,
      "list of frames: these images of the one folder that is named; ends with 3 where one has no image");
  command->add_option("--set", options->overrides, "a key's value over the run's: key=value")->allow_extra_args(false);
  command->add_option("IMAGE_OR_FOLDER", options->inputs, "8-bit RGB PNGs, or folders of them")->required();
  command->callback([options] { run_distributed([&](comm::World& world) { predict(*options, world); }); });
}

}  // namespace fastbox::apps
