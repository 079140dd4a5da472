#include "data/batch.hpp"

namespace fastbox::data {
namespace {

std::span<float> slice(std::vector<float>& all, int index, std::size_t each) {
  return std::span(all).subspan(static_cast<std::size_t>(index) * each, each);
}

}  // namespace

void Batch::resize(int image_count, int image_height, int image_width, const Grid& cells) {
  images = image_count, height = image_height, width = image_width, grid = cells;
  const auto count = static_cast<std::size_t>(images), per_image = static_cast<std::size_t>(grid.cells());
  image.resize(count * static_cast<std::size_t>(height) * static_cast<std::size_t>(width) * 3);
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

}  // namespace fastbox::data
