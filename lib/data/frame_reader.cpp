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

FrameReader::FrameReader(Dataset dataset, std::shared_ptr<const FrameCache> cache)
    : dataset_(std::move(dataset)), cache_(std::move(cache)), outlines_(dataset_.size()) {}

cv::Mat FrameReader::picture(std::size_t index) const {
  cv::Mat picture;
  if (cache_) picture = cache_->picture(index);
  return picture.empty() ? io::read_frame(dataset_[index].image) : picture;
}

std::shared_ptr<const FrameOutline> FrameReader::known_outline(std::size_t index) {
  const std::lock_guard lock(mutex_);
  return outlines_[index];
}

void FrameReader::keep(std::size_t index, std::shared_ptr<const FrameOutline> outline) {
  const std::lock_guard lock(mutex_);
  outlines_[index] = std::move(outline);
}

std::shared_ptr<const FrameOutline> FrameReader::read_outline(std::size_t index, int width, int height) {
  const Frame& frame = dataset_[index];
  auto outline = std::make_shared<FrameOutline>(FrameOutline{width, height, io::read_labels(frame.label)});
  clip_to_picture(outline->objects, frame.label, width, height);
  return outline;
}

std::shared_ptr<const FrameOutline> FrameReader::outline(std::size_t index) {
  if (auto known = known_outline(index)) return known;
  const auto header = io::read_png_header(dataset_[index].image);
  auto outline = read_outline(index, header.width, header.height);
  keep(index, outline);
  return outline;
}

FrameContents FrameReader::read(std::size_t index) {
  FrameContents contents{picture(index), {}};
  // Without a cache everything is read anew.
  std::shared_ptr<const FrameOutline> outline = cache_ ? known_outline(index) : nullptr;
  if (!outline) {
    outline = read_outline(index, contents.picture.cols, contents.picture.rows);
    if (cache_) keep(index, outline);
  }
  contents.objects = outline->objects;
  return contents;
}

EvaluationFrame for_evaluation(const cv::Mat& picture, int width, int height) {
  EvaluationFrame result;
  result.frame_width = picture.cols, result.frame_height = picture.rows;
  result.image.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
  const Region whole{0, 0, static_cast<double>(picture.cols), static_cast<double>(picture.rows)};
  ImageMaker().make(picture, whole, /*flip=*/false, Colour{}, width, height, result.image);
  return result;
}

EvaluationFrame load_picture(const std::filesystem::path& image, int width, int height) {
  EvaluationFrame result = for_evaluation(io::read_frame(image), width, height);
  result.name = image.stem().string();
  return result;
}

EvaluationFrame load_for_evaluation(const Frame& frame, int width, int height, const PictureChange& change) {
  const cv::Mat picture = io::read_frame(frame.image);
  EvaluationFrame result = for_evaluation(change ? change(picture) : picture, width, height);
  result.name = frame.image.stem().string();
  result.objects = io::read_labels(frame.label);
  return result;
}

}  // namespace fastbox::data
