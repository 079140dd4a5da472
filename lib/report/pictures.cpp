#include "report/pictures.hpp"

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "data/dataset.hpp"
#include "eval/drawing.hpp"
#include "eval/evaluate_folder.hpp"
#include "eval/mistake_drawing.hpp"
#include "io/image.hpp"
#include "report/html.hpp"

namespace fastbox::report {
namespace {

namespace fs = std::filesystem;

constexpr int picture_width = 880;  // pixels: two in a row on a desk, sharp on a phone
constexpr int jpeg_quality = 80;
constexpr double shown_score = 0.3;

using Objects = std::vector<io::Object>;

template <typename Draw>
std::string picture_html(const DetectedFrames& detected, const eval::FrameObjects& frame, const std::string& caption,
                         PictureBudget& budget, const Draw& draw) {
  eval::DrawnFrame small = eval::shrink(
      {io::read_frame(detected.images / (frame.name + ".png")), frame.detections, frame.labels}, picture_width);
  draw(small.rgb, small.detections, small.ground_truth);
  const std::string data = base64(io::encode_jpeg(small.rgb, jpeg_quality));
  if (!budget.take(data.size())) return "";
  return concat("<figure class=\"picture\"><img width=\"", small.rgb.cols, "\" height=\"", small.rgb.rows, "\" alt=\"",
                escape(concat("frame ", frame.name, ": ", caption)), "\" src=\"data:image/jpeg;base64,", data,
                "\">\n<figcaption><strong>", escape(frame.name), "</strong> <span>", escape(caption),
                "</span></figcaption></figure>\n");
}

/// The pictures one after another until the budget is spent; a picture that cannot be read is told.
class Gallery {
 public:
  /// False when there is no more room.
  template <typename Make>
  bool add(const Make& make) {
    try {
      const std::string html = make();
      pictures_ += html;
      return !html.empty();
    } catch (const Error& problem) {
      problems_ += note(problem.what());
      return true;
    }
  }

  std::string html() const {
    const std::string grid = pictures_.empty() ? "" : "<div class=\"pictures\">\n" + pictures_ + "</div>\n";
    return grid + problems_;
  }

 private:
  std::string pictures_, problems_;
};

std::string newest_detections(const RunRecord& run) {
  std::string newest;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(run.folder / "detections", ignored))
    if (const auto name = entry.path().filename().string(); name.starts_with("step-") && name > newest) newest = name;
  if (newest.empty())
    fail(ExitCode::data, "There are no pictures: ", (run.folder / "detections").string(), " holds no result files.");
  return newest;
}

}  // namespace

std::string base64(std::string_view bytes) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  const auto byte = [&](std::size_t i) { return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u; };
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const unsigned three = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    text += digits[three >> 18];
    text += digits[three >> 12 & 63];
    text += i + 1 < bytes.size() ? digits[three >> 6 & 63] : '=';
    text += i + 2 < bytes.size() ? digits[three & 63] : '=';
  }
  return text;
}

DetectedFrames read_detected_frames(const RunRecord& run) {
  if (!run.config)
    fail(ExitCode::data, "There are no pictures: the run's settings, which name the data, are not known.");
  const fs::path root = run.config->settings.data.root;
  DetectedFrames detected;
  detected.step_name = newest_detections(run);
  detected.images = data::image_folder(root);
  std::error_code ignored;
  if (!fs::is_directory(detected.images, ignored))
    fail(ExitCode::data, "There are no pictures: the run's data are not at ", root.string(), " on this machine.");
  eval::FolderOptions options;
  options.predictions = run.folder / "detections" / detected.step_name;
  options.labels = data::label_folder(root);
  detected.frames = eval::read_folder(options).frames;
  detected.rules = run.rules;
  return detected;
}

std::vector<std::string> judged_classes(const DetectedFrames& detected) {
  std::set<std::string> named;
  for (const auto& frame : detected.frames)
    for (const auto& object : frame.detections) named.insert(lower(object.type));
  std::vector<std::string> names;
  for (const auto& one : detected.rules.classes)
    if (named.contains(one.name)) names.push_back(one.name);
  return names;
}

std::string worst_frames_html(const DetectedFrames& detected, std::size_t most, PictureBudget& budget) {
  eval::WorstFramesOptions options;
  options.count = most;
  const auto worst = eval::worst_frames(detected.frames, detected.rules, options);
  if (worst.empty()) return paragraph("No frame has a miss or a false detection.");
  Gallery gallery;
  for (const auto& bad : worst) {
    const std::string caption = concat(counted(std::ssize(bad.missed), "miss", "misses"), ", ",
                                       counted(std::ssize(bad.false_positives), "false detection", "false detections"),
                                       " with scores of ", fixed(bad.false_scores, 2), " in all");
    const auto draw = [&](cv::Mat& rgb, const Objects& detections, const Objects& labels) {
      eval::draw_mistakes(rgb, detections, labels, bad.missed, bad.false_positives);
    };
    if (!gallery.add([&] { return picture_html(detected, detected.frames[bad.index], caption, budget, draw); })) break;
  }
  return gallery.html();
}

std::string gallery_html(const DetectedFrames& detected, std::size_t most, PictureBudget& budget) {
  Gallery gallery;
  const std::size_t frames = detected.frames.size(), count = std::min(most, frames);
  for (std::size_t i = 0; i < count; ++i) {
    const auto& frame = detected.frames[(2 * i + 1) * frames / (2 * count)];
    const auto shown = std::count_if(frame.detections.begin(), frame.detections.end(),
                                     [](const io::Object& object) { return object.score >= shown_score; });
    const std::string caption =
        concat(counted(shown, "detection", "detections"), " of a score of at least ", fixed(shown_score, 1), ", ",
               counted(std::ssize(frame.labels), "label", "labels"));
    const auto draw = [&](cv::Mat& rgb, const Objects& detections, const Objects& labels) {
      eval::draw_objects(rgb, detections, labels, {.minimum_score = shown_score});
    };
    if (!gallery.add([&] { return picture_html(detected, frame, caption, budget, draw); })) break;
  }
  return gallery.html();
}

}  // namespace fastbox::report
