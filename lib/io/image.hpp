// Frames as 8-bit RGB pictures, read strictly and written as PNG or JPEG.
//
// Thread-safe: no state. Pixels are cv::Mat CV_8UC3 in R, G, B order everywhere in fastbox (OpenCV's own order is
// B, G, R; the swap happens here and nowhere else).
#pragma once

#include <opencv2/core.hpp>

#include <filesystem>
#include <string>
#include <string_view>

#include "io/png.hpp"

namespace fastbox::io {

/// Reads and checks the header alone (33 bytes). Throws Error(data) where the file is missing, and as parse_png_header
/// does.
PngHeader read_png_header(const std::filesystem::path& file);

/// The frame as H x W x 3 uint8, RGB. Throws Error(data) naming the file where it is missing, no PNG, truncated,
/// damaged or larger than it can be (io/png.hpp has the bounds), or anything but 8-bit RGB (KITTI's form): grey or
/// 16-bit frames are another camera's.
cv::Mat read_frame(const std::filesystem::path& file);

/// As above from bytes already in memory; `name` is for messages.
cv::Mat decode_frame(std::string_view bytes, const std::string& name);

/// RGB pixels as a PNG file's bytes. Throws Error(environment).
std::string encode_png(const cv::Mat& rgb);

/// RGB pixels as a JPEG file's bytes; quality 0 .. 100. Throws Error(environment).
std::string encode_jpeg(const cv::Mat& rgb, int quality);

/// Bytes that encode_jpeg wrote, as H x W x 3 uint8, RGB. Throws Error(environment) where OpenCV cannot read them.
cv::Mat decode_jpeg(const std::string& bytes);

/// Writes RGB pixels, by the extension's format, whole or not at all. Throws Error(environment).
void write_picture(const std::filesystem::path& file, const cv::Mat& rgb);

}  // namespace fastbox::io
