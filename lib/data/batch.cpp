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
  confidence.resize(count * per_image);
  box.resize(count * per_image * 4);
  mask.resize(count * per_image);
  names.resize(count);
}

std::span<float> Batch::pixels_of(int index) {
  return slice(image, index, static_cast<std::size_t>(height) * static_cast<std::size_t>(width) * 3);
}

TargetSpans Batch::targets_of(int index) {
  const auto cells = static_cast<std::size_t>(grid.cells());
  return {slice(confidence, index, cells), slice(box, index, cells * 4), slice(mask, index, cells)};
}

}  // namespace fastbox::data
