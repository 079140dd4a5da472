#include "data/dataset.hpp"

#include <algorithm>
#include <unordered_set>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "data/frame_numbers.hpp"
#include "io/split_list.hpp"

namespace fastbox::data {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t shown_names = 5;
constexpr const char* layout = "training/image_2/NAME.png and training/label_2/NAME.txt";

/// The folder's file names, listed once: asking for 15,000 files one by one is slow on a parallel file
/// system.
std::unordered_set<std::string> files_in(const fs::path& folder, const fs::path& root) {
  std::error_code problem;
  fs::directory_iterator entry(folder, problem);
  if (problem)
    fail(ExitCode::data, folder.string(), ": the folder is missing or cannot be read (", problem.message(),
         "); the data root ", root.string(), " is expected to hold ", layout);
  std::unordered_set<std::string> names;
  for (; entry != fs::directory_iterator(); entry.increment(problem)) {
    names.insert(entry->path().filename().string());
    if (problem) fail(ExitCode::data, folder.string(), ": cannot be read: ", problem.message());
  }
  return names;
}

/// ":LINE" of the name in the list, or "" where the source is no file.
std::string line_of(const std::string& source, const std::string& name) {
  std::error_code ignored;
  if (!fs::is_regular_file(source, ignored)) return "";
  const std::string text = read_file(source);
  std::size_t number = 0;
  for (const auto line : split(text, '\n')) {
    ++number;
    if (trim(line.substr(0, line.find('#'))) == name) return concat(":", number);
  }
  return "";
}

[[noreturn]] void fail_missing(const char* what, const std::vector<Frame>& frames,
                               const std::vector<std::size_t>& missing, const fs::path Frame::*file,
                               const std::string& source) {
  const Frame& first = frames[missing.front()];
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(missing.size(), shown_names); ++i) names.push_back(frames[missing[i]].name);
  if (missing.size() > shown_names) names.emplace_back("...");
  fail(ExitCode::data, (first.*file).string(), ": the ", what, " of frame ", first.name, " is missing (listed in ",
       source, line_of(source, first.name), "; of ", frames.size(), " frames listed, ", missing.size(), " lack their ",
       what, ": ", join(names, ", "), ")");
}

std::string name_of(Part part) {
  return part == Part::train ? "train" : "val";
}

}  // namespace

fs::path image_folder(const fs::path& root) {
  return root / "training" / "image_2";
}
fs::path label_folder(const fs::path& root) {
  return root / "training" / "label_2";
}

Dataset::Dataset(fs::path root, const std::vector<std::string>& names, std::string source)
    : root_(std::move(root)), source_(std::move(source)) {
  std::error_code ignored;
  if (!fs::is_directory(root_, ignored))
    fail(ExitCode::data, root_.string(), ": the data root is missing, expected a folder that holds ", layout);
  if (names.empty()) fail(ExitCode::data, source_, ": no frame is listed");
  const fs::path images = image_folder(root_), labels = label_folder(root_);
  const auto image_files = files_in(images, root_), label_files = files_in(labels, root_);

  frames_.reserve(names.size());
  std::vector<std::size_t> without_image, without_label;
  for (const auto& name : names) {
    const std::string image = name + ".png", label = name + ".txt";
    if (!image_files.contains(image)) without_image.push_back(frames_.size());
    if (!label_files.contains(label)) without_label.push_back(frames_.size());
    frames_.push_back({name, images / image, labels / label});
  }
  if (!without_image.empty()) fail_missing("image", frames_, without_image, &Frame::image, source_);
  if (!without_label.empty()) fail_missing("label", frames_, without_label, &Frame::label, source_);
}

fs::path find_list(const config::DataSettings& settings, const fs::path& run_folder, Part part) {
  const fs::path root = settings.root;
  const fs::path named = part == Part::train ? settings.train : settings.val;
  std::error_code ignored;
  if (named.empty()) {
    const fs::path usual = root / "splits" / (name_of(part) + ".txt");
    return fs::exists(usual, ignored) ? usual : fs::path();
  }
  const fs::path from_root = root / named,
                 from_run = run_folder / named;  // an absolute path replaces the left side
  if (fs::exists(from_root, ignored)) return from_root;
  if (fs::exists(from_run, ignored)) return from_run;
  if (named.is_absolute())
    fail(ExitCode::data, named.string(), ": the list that data.", name_of(part), " names is missing");
  fail(ExitCode::data, from_root.string(), ": the list that data.", name_of(part), " names is missing; it is not at ",
       from_run.string(), " either");
}

std::vector<std::string> kittibox_split(Part part) {
  const std::size_t begin = part == Part::train ? 0 : 7000, end = part == Part::train ? 7000 : kitti_training_frames;
  std::vector<std::string> names;
  for (std::size_t i = begin; i < end; ++i) names.push_back(frame_number(i));
  return names;
}

Dataset open_dataset(const config::DataSettings& settings, const fs::path& run_folder, Part part) {
  if (settings.root.empty())
    fail(ExitCode::usage, "data.root is not set, expected a folder that holds ", layout,
         " (--set data.root=FOLDER, or in the run file)");
  std::error_code ignored;
  if (!fs::is_directory(settings.root, ignored))
    fail(ExitCode::data, settings.root, ": the data root (data.root) is missing, expected a folder that holds ",
         layout);
  const fs::path list = find_list(settings, run_folder, part);
  if (!list.empty()) return Dataset(settings.root, io::read_split_list(list), list.string());
  return Dataset(settings.root, kittibox_split(part),
                 concat("KittiBox's ", part == Part::train ? "training" : "validation",
                        " split, as there is no splits/", name_of(part), ".txt"));
}

std::vector<std::string> frames_in_both(const Dataset& train, const Dataset& val) {
  std::unordered_set<std::string> evaluated;
  for (const auto& frame : val.frames()) evaluated.insert(frame.name);
  std::vector<std::string> both;
  for (const auto& frame : train.frames())
    if (evaluated.contains(frame.name)) both.push_back(frame.name);
  return both;
}

void warn_of_frames_in_both(const Dataset& train, const Dataset& val) {
  const auto both = frames_in_both(train, val);
  if (!both.empty())
    log::warning(both.size(), " of ", val.size(), " validation frames are trained on as well (first: ", both.front(),
                 "; ", train.source(), ", ", val.source(), "): their scores say nothing about new frames");
}

}  // namespace fastbox::data
