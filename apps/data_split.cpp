// fastbox data split ROOT --drives FILE [--val-share 0.3] [--seed 1] [--frames LIST] [--out DIR] [--force] [--json FILE]

#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.hpp"
#include "data/dataset.hpp"
#include "data/drive_split.hpp"
#include "data/drives.hpp"
#include "data_commands.hpp"
#include "io/kitti_label.hpp"
#include "io/split_list.hpp"
#include "json_output.hpp"

namespace fastbox::apps {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct Options {
  std::string root, drives, frames, out, json;
  double val_share = 0.3;
  std::uint64_t seed = 1;
  bool force = false;
};

/// The frames to be split: those listed, else all that have an image and a label.
std::vector<std::string> frames_of(const Options& options) {
  if (!options.frames.empty()) return io::read_split_list(options.frames);
  const fs::path images = data::image_folder(options.root), labels = data::label_folder(options.root);
  std::error_code problem, ignored;
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(images, problem))
    if (entry.path().extension() == ".png" && fs::exists(labels / entry.path().stem().concat(".txt"), ignored))
      names.insert(entry.path().stem().string());
  if (names.empty())
    fail(ExitCode::data, images.string(), ": holds no image that has a label in ", labels.string(),
         ", expected frames to split");
  return {names.begin(), names.end()};
}

std::vector<data::DriveFrame> with_drives(const Options& options, const std::vector<std::string>& names) {
  const auto drives = data::read_drives(options.drives);
  std::vector<data::DriveFrame> frames;
  for (const auto& name : names) {
    const auto raw = drives.find(name);
    if (raw == drives.end())
      fail(ExitCode::data, options.drives, ": does not name the drive of frame ", name,
           " (--frames chooses the frames)");
    data::DriveFrame frame{name, raw->second.drive, {}};
    for (const auto& object : io::read_labels(data::label_folder(options.root) / (name + ".txt")))
      ++frame.objects[object.type];
    frames.push_back(std::move(frame));
  }
  return frames;
}

void print_side(const char* name, const data::SplitSide& side, std::size_t all) {
  std::vector<std::string> objects;
  for (const auto& [type, count] : side.objects) objects.push_back(concat(type, " ", count));
  std::cout << name << ": " << side.frames.size() << " frames ("
            << fixed(100 * static_cast<double>(side.frames.size()) / static_cast<double>(all), 2) << " %), "
            << side.drives << " drives; " << join(objects, ", ") << '\n';
}

Json json_of(const data::SplitSide& side, const fs::path& file) {
  return {{"list", file.string()}, {"frames", side.frames.size()}, {"drives", side.drives}, {"objects", side.objects}};
}

void split_frames(const Options& options) {
  if (!(options.val_share > 0 && options.val_share < 1))
    fail(ExitCode::usage, "--val-share ", options.val_share, ", expected a share between 0 and 1");
  const fs::path folder = options.out.empty() ? fs::path(options.root) / "splits" : fs::path(options.out);
  const fs::path train_list = folder / "train.txt", val_list = folder / "val.txt";
  for (const auto& file : {train_list, val_list})
    if (std::error_code ignored; !options.force && fs::exists(file, ignored))
      fail(ExitCode::usage, file.string(), ": is there already; --out names another folder, --force writes over it");
  const auto names = frames_of(options);
  const auto split = data::split_by_drive(with_drives(options, names), options.val_share, options.seed);
  io::write_split_list(train_list, split.train.frames);
  io::write_split_list(val_list, split.val.frames);
  if (options.json != "-") {
    print_side(train_list.c_str(), split.train, names.size());
    print_side(val_list.c_str(), split.val, names.size());
  }
  write_json(options.json, Json{{"seed", options.seed},
                                {"val_share", options.val_share},
                                {"train", json_of(split.train, train_list)},
                                {"val", json_of(split.val, val_list)}});
}

}  // namespace

void add_data_split(CLI::App& data) {
  auto* command =
      data.add_subcommand("split", "Make a training and a validation list that have no drive (recording) in common");
  auto options = std::make_shared<Options>();
  command->add_option("ROOT", options->root, "holds training/image_2 and training/label_2")->required();
  command
      ->add_option(
          "--drives", options->drives,
          "which drive each frame is from: KITTI's train_mapping.txt, beside train_rand.txt, or lines of frame, "
          "drive and number between tabs")
      ->required();
  command->add_option("--val-share", options->val_share, "of the frames, as near as whole drives allow")
      ->capture_default_str();
  command->add_option("--seed", options->seed, "the same seed gives the same lists")->capture_default_str();
  command->add_option("--frames", options->frames,
                      "list of the frames that are split; default: all that have an image and a label");
  command->add_option("--out", options->out, "folder for train.txt and val.txt; default: ROOT/splits");
  command->add_flag("--force", options->force, "write over lists that are there");
  command->add_option("--json", options->json,
                      "writes the counts to this file; -: standard output, in place of the text");
  command->callback([options] { split_frames(*options); });
}

}  // namespace fastbox::apps
