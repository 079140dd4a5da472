// A PNG's pixels without libpng, whose inflating is most of what reading a frame takes: for frames as cameras' recorders
// write them. Whatever is in any way special or damaged is left to OpenCV, which says what is wrong with it.
//
// Source of the format: PNG (Portable Network Graphics) Specification, version 1.2, chapters 5, 6 and 10. Thread-safe: a
// thread keeps a decompressor and the memory of one frame.
#pragma once

#include <opencv2/core.hpp>

#include <optional>
#include <string_view>

#include "io/png.hpp"

namespace fastbox::io {

/// H x W x 3 uint8, RGB. `header`: what check_png() gave for `png`. Nothing where the picture is interlaced, has critical
/// chunks other than IHDR, PLTE, IDAT and IEND, or IDATs that others of these part, where a CRC or the compressed bytes' checksum
/// differs, where those hold more or fewer bytes than pixels, or where a row's filter is none of the five.
std::optional<cv::Mat> png_pixels(std::string_view png, const PngHeader& header);

}  // namespace fastbox::io
