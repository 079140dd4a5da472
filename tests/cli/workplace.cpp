#include "cli/workplace.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "base/files.hpp"
#include "support/support.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

const ScratchFolder& scratch() {
  static const ScratchFolder folder;
  return folder;
}

void require_done(const Outcome& outcome, const char* what) {
  if (outcome.exit_code == 0) return;
  std::ostringstream text;
  text << what << ": " << outcome;
  throw std::runtime_error(text.str());
}

}  // namespace

fs::path new_path(const std::string& name) {
  static int count = 0;
  return scratch() / (std::to_string(++count) + "-" + name);
}

const fs::path& made_data() {
  static const fs::path folder = [] {
    const fs::path path = new_path("data");
    require_done(run(fastbox({"data", "synth", path.string(), "--train", "12", "--val", "6", "--seed", "5"})),
                 "the data set cannot be made");
    return path;
  }();
  return folder;
}

DataCopy::DataCopy() : root_(new_path("data-copy")) {
  fs::copy(made_data(), root_, fs::copy_options::recursive | fs::copy_options::create_hard_links);
}

fs::path DataCopy::image(const std::string& name) const {
  return root_ / "training" / "image_2" / (name + ".png");
}
fs::path DataCopy::label(const std::string& name) const {
  return root_ / "training" / "label_2" / (name + ".txt");
}
fs::path DataCopy::list(const std::string& name) const {
  return root_ / "splits" / (name + ".txt");
}

void DataCopy::replace(const fs::path& file, const std::string& text) {
  fs::remove(file);
  write_file_atomically(file, text);
}

fs::path new_list(const Words& frames) {
  const fs::path file = new_path("list.txt");
  write_file_atomically(file, join(frames, "\n") + "\n");
  return file;
}

Words settings(const Words& keys_and_values) {
  Words words;
  for (const auto& one : keys_and_values) words = words + Words{"--set", one};
  return words;
}

Words small_training(const fs::path& run_folder, const Words& more_settings) {
  const Words miniature = {"data.root=" + made_data().string(),
                           "model.width=320",
                           "model.height=96",
                           "model.width_multiple=0.25",
                           "model.hidden=32",
                           "train.samples=48",
                           "train.batch=12",
                           "optimizer.warmup_samples=0",
                           "run.threads=1",
                           "run.device=cpu"};
  return fastbox({"train", "configs/kitti-small.yaml", "--run-dir", run_folder.string()}) +
         settings(miniature + more_settings);
}

Words by_heart(const fs::path& list) {
  return {
      "data.train=" + list.string(),   "data.val=" + list.string(), "augmentation.flip=0",  "augmentation.brightness=0",
      "augmentation.contrast=[1,1]",   "augmentation.scale=[1,1]",  "augmentation.shift=0", "optimizer.average=0",
      "optimizer.learning_rate=0.004", "model.hidden=64",           "train.batch=3",        "train.samples=120",
      "evaluation.every_samples=60",   "run.log_every=10"};
}

const fs::path& learned_run() {
  static const fs::path folder = [] {
    const fs::path path = new_path("learned");
    require_done(run(small_training(path, by_heart(new_list({"000000", "000001", "000002"})))),
                 "the run cannot be made");
    return path;
  }();
  return folder;
}

std::string text_of(const fs::path& file) {
  return read_file(file);
}

nlohmann::json json_of(const fs::path& file) {
  return nlohmann::json::parse(read_file(file));
}

std::vector<nlohmann::json> json_lines_of(const fs::path& file) {
  std::vector<nlohmann::json> lines;
  const std::string text = read_file(file);
  for (const auto line : split(text, '\n'))
    if (!line.empty()) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

Words names_in(const fs::path& folder) {
  Words names;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder, missing)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::map<std::string, std::string> digests_of(const fs::path& folder) {
  std::map<std::string, std::string> digests;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) digests[fs::relative(entry, folder).string()] = sha256_of_file(entry);
  return digests;
}

bool left_half_written(const fs::path& run_folder) {
  if (!names_in(run_folder / "checkpoints").empty()) return true;
  if (!fs::exists(run_folder)) return false;
  for (const auto& entry : fs::recursive_directory_iterator(run_folder))
    if (entry.path().filename().string().find(".incomplete") != std::string::npos) return true;
  return false;
}

}  // namespace fastbox::test
