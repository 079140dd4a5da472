#include "data/check.hpp"

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "data/dataset.hpp"
#include "io/image.hpp"
#include "io/kitti_label.hpp"
#include "io/split_list.hpp"

namespace fastbox::data {
namespace {

namespace fs = std::filesystem;

constexpr double most_outside = 1;           // pixels: KITTI's own boxes touch the border
constexpr double smallest_side = 1;          // pixels
constexpr std::size_t most_bad_lines = 100;  // of a file: what follows is no label file

/// Names (without extension) of the folder's files that end so, in order.
std::set<std::string> names_in(const fs::path& folder, const std::string& extension) {
  std::error_code problem;
  fs::directory_iterator entries(folder, problem);
  if (problem)
    fail(ExitCode::data, folder.string(), ": the folder is missing or cannot be read (", problem.message(),
         "), expected training/image_2 and training/label_2 under the root");
  std::set<std::string> names;
  for (const auto& entry : entries)
    if (entry.path().extension() == extension) names.insert(entry.path().stem().string());
  return names;
}

/// What one frame has to say; merged in the order of names.
struct FrameReport {
  std::vector<std::string> errors, warnings;
  std::vector<std::string> types;
  int width = 0, height = 0;  // 0: no usable image
  Fingerprint fingerprint;    // of that image
};

void check_box(const io::Object& object, const std::string& where, FrameReport& report) {
  const io::Box& box = object.box;
  const std::string text = concat(where, ": the ", object.type, " box (", shortest(box.left), " ", shortest(box.top),
                                  " ", shortest(box.right), " ", shortest(box.bottom), ")");
  if (box.width() < smallest_side || box.height() < smallest_side)
    report.warnings.push_back(concat(text, " is less than a pixel wide or high"));
  if (report.width == 0) return;
  if (box.right <= 0 || box.bottom <= 0 || box.left >= report.width || box.top >= report.height)
    report.errors.push_back(
        concat(text, " lies outside the image, expected pixels of its ", report.width, " x ", report.height));
  else if (box.left < -most_outside || box.top < -most_outside || box.right > report.width + most_outside ||
           box.bottom > report.height + most_outside)
    report.warnings.push_back(
        concat(text, " reaches outside the image of ", report.width, " x ", report.height, " and will be clipped"));
}

void check_label(const fs::path& file, FrameReport& report) {
  const std::string text = read_file(file, io::largest_labels);
  std::size_t number = 0, bad_lines = 0;
  for (const auto line : split(text, '\n')) {
    ++number;
    try {
      const auto objects = io::parse_labels(line, file.string(), number);  // by lines: to go on after a bad one
      for (const auto& object : objects) {
        report.types.push_back(object.type);
        check_box(object, concat(file.string(), ":", number), report);
      }
    } catch (const Error& problem) {
      report.errors.emplace_back(problem.what());
      if (++bad_lines < most_bad_lines) continue;
      report.errors.push_back(concat(file.string(), ": not read any further"));
      return;
    }
  }
}

FrameReport check_frame(const fs::path& image, const fs::path& label) {
  FrameReport report;
  if (!image.empty()) {
    try {
      const cv::Mat picture = io::read_frame(image);
      report.width = picture.cols, report.height = picture.rows;
      report.fingerprint = fingerprint_of(picture);
    } catch (const Error& problem) {
      report.errors.emplace_back(problem.what());
    }
  }
  try {
    if (!label.empty())
      check_label(label, report);
    else
      report.errors.push_back(concat(image.string(), ": the frame has no label file, expected training/label_2/",
                                     image.stem().string(), ".txt (empty where there is no object)"));
  } catch (const Error& problem) {
    report.errors.emplace_back(problem.what());
  }
  return report;
}

void check_list(const fs::path& file, const std::set<std::string>& images, const std::set<std::string>& labels,
                CheckReport& report) {
  std::vector<std::string> unknown, without_image, without_label;
  try {
    for (const auto& name : io::read_split_list(file)) {
      const bool has_image = images.contains(name), has_label = labels.contains(name);
      if (!has_image && !has_label) unknown.push_back(name);
      if (!has_image && has_label) without_image.push_back(name);
      if (has_image && !has_label) without_label.push_back(name);
    }
  } catch (const Error& problem) {
    report.errors.emplace_back(problem.what());
    return;
  }
  const auto tell = [&](const std::vector<std::string>& names, const char* what) {
    return concat(file.string(), ": ", names.size(), " listed ", names.size() == 1 ? "frame has" : "frames have", " ",
                  what, " (first: ", names.front(), ")");
  };
  if (!unknown.empty()) report.errors.push_back(tell(unknown, "neither image nor label"));
  if (!without_label.empty()) report.errors.push_back(tell(without_label, "an image but no label"));
  if (!without_image.empty())
    report.warnings.push_back(tell(without_image, "a label but no image: a run with this list would stop"));
}

void check_lists(const fs::path& root, const std::set<std::string>& images, const std::set<std::string>& labels,
                 CheckReport& report) {
  const fs::path folder = root / "splits";
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) {
    report.notes.push_back(
        concat(folder.string(), ": no lists; a run without data.train and data.val uses KittiBox's split"));
    return;
  }
  for (const auto& name : names_in(folder, ".txt"))
    if (name != "test") check_list(folder / (name + ".txt"), images, labels, report);
}

}  // namespace

CheckReport check_data(const fs::path& root, int threads,
                       const std::function<void(std::size_t, std::size_t)>& progress) {
  std::error_code ignored;
  if (!fs::is_directory(root, ignored))
    fail(ExitCode::data, root.string(),
         ": the data root is missing, expected a folder that holds training/image_2 and training/label_2");
  const auto images = names_in(image_folder(root), ".png"), labels = names_in(label_folder(root), ".txt");
  std::set<std::string> all = images;
  all.insert(labels.begin(), labels.end());
  const std::vector<std::string> names(all.begin(), all.end());

  std::vector<FrameReport> frames(names.size());
  std::atomic<std::size_t> next{0}, done{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < names.size(); i = next++) {
      const auto& name = names[i];
      frames[i] = check_frame(images.contains(name) ? image_folder(root) / (name + ".png") : fs::path(),
                              labels.contains(name) ? label_folder(root) / (name + ".txt") : fs::path());
      const std::size_t now = ++done;
      if (progress) progress(now, names.size());
    }
  };
  {
    std::vector<std::jthread> pool;
    for (int i = 1; i < threads; ++i) pool.emplace_back(work);
    work();
  }

  CheckReport report;
  report.images = images.size();
  report.labels = labels.size();
  report.pairs = images.size() + labels.size() - all.size();
  for (std::size_t i = 0; i < frames.size(); ++i) {
    FrameReport& frame = frames[i];
    std::move(frame.errors.begin(), frame.errors.end(), std::back_inserter(report.errors));
    std::move(frame.warnings.begin(), frame.warnings.end(), std::back_inserter(report.warnings));
    for (const auto& type : frame.types) ++report.objects[type];
    if (frame.width == 0) continue;
    ++report.sizes[{frame.width, frame.height}];
    report.fingerprints.emplace(names[i], frame.fingerprint);
  }
  if (const std::size_t alone = labels.size() - report.pairs; alone > 0)
    report.notes.push_back(concat(label_folder(root).string(), ": ", alone, alone == 1 ? " label has" : " labels have",
                                  " no image; use lists of frames that have one"));
  if (report.pairs == 0) report.errors.push_back(concat(root.string(), ": no frame has an image and a label"));
  check_lists(root, images, labels, report);
  return report;
}

void check_overlap(const NamedList& train, const NamedList& val, const Drives* drives, CheckReport& report) {
  report.overlap = compare_lists(train, val, report.fingerprints, drives);
  for (auto& line : overlap_warnings(*report.overlap)) report.warnings.push_back(std::move(line));
}

std::string format_report(const CheckReport& report, std::size_t most) {
  std::string text =
      concat(report.images, " images, ", report.labels, " labels, ", report.pairs, " frames with both\n");
  if (!report.sizes.empty()) {
    text += "sizes: ";
    std::vector<std::string> parts;
    for (const auto& [size, count] : report.sizes)
      parts.push_back(concat(size.first, " x ", size.second, " (", count, ")"));
    text += join(parts, ", ") + "\n";
  }
  if (!report.objects.empty()) {
    std::vector<std::string> parts;
    for (const auto& [type, count] : report.objects) parts.push_back(concat(type, " ", count));
    text += "objects: " + join(parts, ", ") + "\n";
  }
  if (report.overlap) text += overlap_text(*report.overlap) + "\n";
  const auto list = [&](const char* kind, const std::vector<std::string>& lines) {
    for (std::size_t i = 0; i < std::min(lines.size(), most); ++i) text += concat(kind, ": ", lines[i], "\n");
    if (lines.size() > most) text += concat(kind, ": and ", lines.size() - most, " more\n");
  };
  list("error", report.errors);
  list("warning", report.warnings);
  list("note", report.notes);
  text += concat(report.errors.size(), " errors, ", report.warnings.size(), " warnings\n");
  return text;
}

}  // namespace fastbox::data
