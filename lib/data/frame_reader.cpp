#include "data/frame_reader.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "data/augment.hpp"
#include "io/image.hpp"

namespace fastbox::data {
namespace {

std::string describe(const io::Box& box) {
  return concat(shortest(box.left), " ", shortest(box.top), " ", shortest(box.right), " ", shortest(box.bottom));
}

/// The line of the label file that holds the index-th object.
std::size_t line_of_object(const std::filesystem::path& label, std::size_t index) {
  std::size_t number = 0;
  const std::string text = read_file(label);
  for (const auto line : split(text, '\n')) {
    ++number;
    if (!trim(line).empty() && index-- == 0) break;
  }
  return number;
}

std::size_t bytes_of(const cv::Mat& picture) {
  return picture.total() * picture.elemSize();
}

}  // namespace

void clip_to_picture(std::vector<io::Object>& objects, const std::filesystem::path& label, int width, int height) {
  for (std::size_t i = 0; i < objects.size(); ++i) {
    io::Box& box = objects[i].box;
    if (box.right <= 0 || box.bottom <= 0 || box.left >= width || box.top >= height)
      fail(ExitCode::data, label.string(), ":", line_of_object(label, i), ": the box (", describe(box),
           ") lies outside the image, expected pixels of its ", width, " x ", height);
    const io::Box inside{std::max(box.left, 0.0), std::max(box.top, 0.0), std::min(box.right, double(width)),
                         std::min(box.bottom, double(height))};
    if (inside.left == box.left && inside.top == box.top && inside.right == box.right && inside.bottom == box.bottom)
      continue;
    log::debug(label.string(), ": object ", i + 1, ": the box (", describe(box), ") is clipped to the image's ", width,
               " x ", height);
    box = inside;
  }
}

FrameReader::FrameReader(Dataset dataset, const config::DataSettings& settings)
    : dataset_(std::move(dataset)), limit_(0), kept_(dataset_.size()) {
  if (settings.cache != "ram" && settings.cache != "off")
    fail(ExitCode::usage, "data.cache: '", settings.cache, "', expected ram or off");
  if (settings.cache == "ram") limit_ = static_cast<std::size_t>(std::max(settings.cache_mib, 0)) << 20;
}

FrameContents FrameReader::read(std::size_t index) {
  {
    const std::lock_guard lock(mutex_);
    if (!kept_[index].picture.empty()) return kept_[index];
  }
  const Frame& frame = dataset_[index];
  FrameContents contents{io::read_frame(frame.image), io::read_labels(frame.label)};
  clip_to_picture(contents.objects, frame.label, contents.picture.cols, contents.picture.rows);

  const std::lock_guard lock(mutex_);
  const std::size_t size = bytes_of(contents.picture);
  if (kept_[index].picture.empty() && bytes_ + size <= limit_) {
    kept_[index] = contents;
    bytes_ += size;
  }
  return contents;
}

std::size_t FrameReader::cached_bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

EvaluationFrame load_picture(const std::filesystem::path& image, int width, int height) {
  const cv::Mat picture = io::read_frame(image);
  EvaluationFrame result;
  result.name = image.stem().string();
  result.frame_width = picture.cols, result.frame_height = picture.rows;
  result.image.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
  write_pixels(resize_bicubic(picture, width, height), false, Colour{}, result.image);
  return result;
}

EvaluationFrame load_for_evaluation(const Frame& frame, int width, int height) {
  EvaluationFrame result = load_picture(frame.image, width, height);
  result.objects = io::read_labels(frame.label);
  return result;
}

}  // namespace fastbox::data
