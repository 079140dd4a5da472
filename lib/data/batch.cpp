#include "data/batch.hpp"

#include "data/augment.hpp"

namespace fastbox::data {
namespace {

std::span<float> slice(std::vector<float>& all, int index, std::size_t each) {
  return std::span(all).subspan(static_cast<std::size_t>(index) * each, each);
}

}  // namespace

void Batch::resize(int image_count, int image_height, int image_width, const Grid& cells, bool of_frames) {
  images = image_count, height = image_height, width = image_width, grid = cells;
  const auto count = static_cast<std::size_t>(images), per_image = static_cast<std::size_t>(grid.cells());
  image.resize(of_frames ? 0 : count * static_cast<std::size_t>(height) * static_cast<std::size_t>(width) * 3);
  frames.resize(of_frames ? count : 0);
  changes.resize(frames.size());
  confidence.resize(count * per_image * static_cast<std::size_t>(grid.classes));
  box.resize(count * per_image * 4);
  weight.resize(count * per_image);
  mask.resize(confidence.size());
  names.resize(count);
}

std::span<float> Batch::pixels_of(int index) {
  return slice(image, index, static_cast<std::size_t>(height) * static_cast<std::size_t>(width) * 3);
}

TargetSpans Batch::targets_of(int index) {
  const auto cells = static_cast<std::size_t>(grid.cells());
  const auto of_classes = cells * static_cast<std::size_t>(grid.classes);
  return {slice(confidence, index, of_classes), slice(box, index, cells * 4), slice(weight, index, cells),
          slice(mask, index, of_classes)};
}

std::vector<float> images_of(const Batch& batch) {
  Batch made;
  made.resize(batch.images, batch.height, batch.width, batch.grid);
  ImageMaker maker;
  for (int i = 0; i < batch.images; ++i) {
    const ImageChange& change = batch.changes[static_cast<std::size_t>(i)];
    // OpenCV has no read-only pictures, and nothing writes to this one.
    const cv::Mat frame(static_cast<int>(change.frame_height), static_cast<int>(change.frame_width), CV_8UC3,
                        const_cast<std::uint8_t*>(batch.frames[static_cast<std::size_t>(i)].data()));
    maker.make(frame, change, batch.width, batch.height, made.pixels_of(i));
  }
  return std::move(made.image);
}

}  // namespace fastbox::data
