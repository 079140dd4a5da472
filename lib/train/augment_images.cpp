#include "train/augment_images.hpp"

#include <ATen/ATen.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>

#include "models/parallel.hpp"
#include "train/augment_passes.hpp"

namespace fastbox::train {
namespace {

int taps_of(const data::ImageChange& change, int width, int height) {
  return std::max(data::most_taps(data::column_axis(change, width)), data::most_taps(data::row_axis(change, height)));
}

void check(const data::ImageChange& change, const AugmentPasses& passes) {
  TORCH_CHECK(change.right > change.left && change.bottom > change.top && std::abs(change.hue) <= 0.5,
              "augment: a region without extent, or a hue beyond half a turn");
  TORCH_CHECK(change.frame_width >= 1 && change.frame_height >= 1 && change.frame_height <= passes.rows &&
                  3 * change.frame_width * change.frame_height <= static_cast<double>(passes.frame_bytes),
              "augment: no room for a frame of ", change.frame_width, " x ", change.frame_height);
  TORCH_CHECK(taps_of(change, passes.width, passes.height) <= passes.taps, "augment: no room for its taps");
}

void make_image(const AugmentPasses& passes, int image) {
  const auto each_pixel = [&passes](int rows, const auto& work) {
    for (int y = 0; y < rows; ++y)
      for (int x = 0; x < passes.width; ++x) work(y, x);
  };
  check(passes.changes[image], passes);
  for (int i = 0; i < passes.width + passes.height; ++i) passes.write_taps(image, i);
  each_pixel(passes.rows, [&](int y, int x) { passes.widen(image, y, x); });
  std::int64_t* const sums = passes.sums + 3 * image;
  each_pixel(passes.height, [&](int y, int x) {
    const std::uint8_t* const pixel = passes.resize(image, y, x);
    for (int c = 0; c < 3; ++c) sums[c] += pixel[c];
  });
  each_pixel(passes.height, [&](int y, int x) { passes.colour(image, y, x); });
}

at::Tensor augment_cpu(const at::Tensor& frames, const at::Tensor& changes, std::int64_t height, std::int64_t width,
                       std::int64_t rows, std::int64_t taps) {
  const AugmentMemory memory(frames, changes, height, width, rows, taps);
  const AugmentPasses passes = memory.passes();
  models::parallel_for(0, passes.images, 1, [&passes](std::int64_t begin, std::int64_t end) {
    for (std::int64_t image = begin; image < end; ++image) make_image(passes, static_cast<int>(image));
  });
  return memory.out;
}

}  // namespace

AugmentSize augment_size(std::span<const data::ImageChange> changes, int height, int width) {
  AugmentSize size{height, width, 1, 1};
  for (const auto& change : changes) {
    size.rows = std::max(size.rows, static_cast<std::int64_t>(change.frame_height));
    size.taps = std::max<std::int64_t>(size.taps, taps_of(change, width, height));
  }
  return size;
}

at::Tensor augment(const at::Tensor& frames, const at::Tensor& changes, const AugmentSize& size) {
  static const auto handle = c10::Dispatcher::singleton()
                                 .findSchemaOrThrow("fastbox::augment", "")
                                 .typed<at::Tensor(const at::Tensor&, const at::Tensor&, std::int64_t, std::int64_t,
                                                   std::int64_t, std::int64_t)>();
  return handle.call(frames, changes, size.height, size.width, size.rows, size.taps);
}

}  // namespace fastbox::train

TORCH_LIBRARY_FRAGMENT(fastbox, library) {
  library.def("augment(Tensor frames, Tensor changes, int height, int width, int rows, int taps) -> Tensor");
}

TORCH_LIBRARY_IMPL(fastbox, CPU, library) {
  library.impl("augment", &fastbox::train::augment_cpu);
}
