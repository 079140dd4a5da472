// The passes of augment_images.hpp over one batch, as functions of one element each, and the memory that they share.
//
// Portable (base/portable.hpp): the CPU's twin runs them in loops, the GPU's in grids. A pass may run in any order, and
// ends before the next one begins.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "base/portable.hpp"
#include "data/augment_kernel.hpp"

namespace fastbox::train {

/// Plain values and pointers to one device's memory.
struct AugmentPasses {
  const std::uint8_t* frames;        // [images][frame_bytes], each packed [frame_height][frame_width][3]
  const data::ImageChange* changes;  // [images]
  std::int64_t frame_bytes;
  int images, width, height;
  int rows, taps;         // that there is room for
  std::int32_t* table;    // [images][numbers_of_taps(taps)][width + height]
  std::uint8_t* wide;     // [images][rows][width][3]: frames with the image's columns
  std::uint8_t* resized;  // [images][height][width][3]
  std::int64_t* sums;     // [images][3] of resized
  float* out;             // [images][height][width][3]

  FASTBOX_PORTABLE data::TapTable table_of(int image) const {
    const int coordinates = width + height;
    return {table + static_cast<std::int64_t>(image) * data::numbers_of_taps(taps) * coordinates, coordinates, taps};
  }

  FASTBOX_PORTABLE std::int64_t pixel_of(int image, int y, int x) const {
    return (static_cast<std::int64_t>(image) * height + y) * width + x;
  }

  FASTBOX_PORTABLE std::uint8_t* wide_pixel(int image, int y, int x) const {
    return wide + 3 * ((static_cast<std::int64_t>(image) * rows + y) * width + x);
  }

  /// First. coordinate: 0 .. width + height - 1.
  FASTBOX_PORTABLE void write_taps(int image, int coordinate) const {
    data::write_taps(changes[image], width, height, coordinate, table_of(image));
  }

  /// Second. y: 0 .. rows - 1, of the frame; nothing where it has no such row.
  FASTBOX_PORTABLE void widen(int image, int y, int x) const {
    const data::ImageChange& change = changes[image];
    if (y >= static_cast<int>(change.frame_height)) return;
    const std::uint8_t* row = frames + image * frame_bytes + 3 * y * static_cast<std::int64_t>(change.frame_width);
    data::take_taps(row, 3, table_of(image), x, wide_pixel(image, y, x));
  }

  /// Third; the pixel, whose bytes belong into `sums`.
  FASTBOX_PORTABLE const std::uint8_t* resize(int image, int y, int x) const {
    std::uint8_t* const pixel = resized + 3 * pixel_of(image, y, x);
    data::take_taps(wide_pixel(image, 0, x), static_cast<std::int64_t>(3) * width, table_of(image), width + y, pixel);
    return pixel;
  }

  /// Last.
  FASTBOX_PORTABLE void colour(int image, int y, int x) const {
    const std::int64_t pixel = 3 * pixel_of(image, y, x);
    data::write_coloured(resized + pixel, sums + 3 * image, static_cast<double>(width) * height, changes[image],
                         out + pixel);
  }
};

/// The memory of the passes and of their result.
struct AugmentMemory {
  at::Tensor frames, changes, table, wide, resized, sums, out;

  /// Throws c10::Error for tensors that augment() does not take.
  AugmentMemory(const at::Tensor& all_frames, const at::Tensor& all_changes, std::int64_t height, std::int64_t width,
                std::int64_t rows, std::int64_t taps)
      : frames(all_frames), changes(all_changes) {
    TORCH_CHECK(frames.dim() == 2 && frames.scalar_type() == at::kByte && frames.is_contiguous(),
                "augment: frames are not uint8 [images][bytes]");
    const std::int64_t images = frames.size(0);
    TORCH_CHECK(changes.dim() == 2 && changes.size(0) == images && changes.size(1) == data::change_numbers &&
                    changes.scalar_type() == at::kDouble && changes.is_contiguous(),
                "augment: changes are not double [images][", data::change_numbers, "]");
    TORCH_CHECK(changes.device() == frames.device(), "augment: frames and changes are on two devices");
    constexpr std::int64_t most = 65535;  // rows and images of a grid
    TORCH_CHECK(height > 0 && height <= most && width > 0 && width <= most && rows > 0 && rows <= most && taps > 0 &&
                    images <= most,
                "augment: ", images, " images of ", width, " x ", height, " from frames of ", rows, " rows, ", taps,
                " taps");
    const auto options = frames.options();
    table = at::empty({images, data::numbers_of_taps(static_cast<int>(taps)), width + height}, options.dtype(at::kInt));
    wide = at::empty({images, rows, width, 3}, options);
    resized = at::empty({images, height, width, 3}, options);
    sums = at::zeros({images, 3}, options.dtype(at::kLong));
    out = at::empty({images, height, width, 3}, options.dtype(at::kFloat));
  }

  AugmentPasses passes() const {
    return {frames.const_data_ptr<std::uint8_t>(),
            reinterpret_cast<const data::ImageChange*>(changes.const_data_ptr<double>()),
            frames.size(1),
            static_cast<int>(frames.size(0)),
            static_cast<int>(out.size(2)),
            static_cast<int>(out.size(1)),
            static_cast<int>(wide.size(1)),
            static_cast<int>(table.size(1)) - data::numbers_of_taps(0),
            table.data_ptr<std::int32_t>(),
            wide.data_ptr<std::uint8_t>(),
            resized.data_ptr<std::uint8_t>(),
            sums.data_ptr<std::int64_t>(),
            out.data_ptr<float>()};
  }
};

}  // namespace fastbox::train
