#include "io/image.hpp"

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <fstream>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"
#include "io/png_pixels.hpp"

namespace fastbox::io {
namespace {

/// `name` is for messages.
std::string encode(const cv::Mat& rgb, const std::string& extension, const std::vector<int>& parameters,
                   const std::string& name) {
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  std::vector<unsigned char> bytes;
  try {
    if (!cv::imencode(extension, bgr, bytes, parameters))
      fail(ExitCode::environment, name, ": the picture cannot be encoded");
  } catch (const cv::Exception& problem) {
    fail(ExitCode::environment, name, ": the picture cannot be encoded: ", problem.what());
  }
  return {bytes.begin(), bytes.end()};
}

}  // namespace

PngHeader read_png_header(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) fail(ExitCode::data, file.string(), ": the image is missing or cannot be read");
  std::string bytes(png_header_bytes, '\0');
  stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(stream.gcount()));
  return parse_png_header(bytes, file.string());
}

cv::Mat decode_frame(std::string_view bytes, const std::string& name) {
  if (auto pixels = png_pixels(bytes, check_png(bytes, name))) return *std::move(pixels);
  std::string png = essential_png(bytes, name);
  cv::Mat bgr;
  try {
    const cv::Mat buffer(1, static_cast<int>(png.size()), CV_8UC1, png.data());
    bgr = cv::imdecode(buffer, cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION);
  } catch (const cv::Exception& problem) {
    fail(ExitCode::data, name, ": the PNG cannot be decoded: ", problem.what());
  }
  if (bgr.empty()) fail(ExitCode::data, name, ": the PNG is damaged and cannot be decoded");
  cv::Mat rgb;
  cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
  return rgb;
}

cv::Mat read_frame(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) fail(ExitCode::data, file.string(), ": the image is missing");
  return decode_frame(read_file(file, largest_png), file.string());
}

std::string encode_png(const cv::Mat& rgb) {
  return encode(rgb, ".png", {}, "a PNG");
}

std::string encode_jpeg(const cv::Mat& rgb, int quality) {
  return encode(rgb, ".jpg", {cv::IMWRITE_JPEG_QUALITY, quality}, "a JPEG");
}

cv::Mat decode_jpeg(const std::string& bytes) {
  const cv::Mat packed(1, static_cast<int>(bytes.size()), CV_8UC1, const_cast<char*>(bytes.data()));
  const cv::Mat bgr = cv::imdecode(packed, cv::IMREAD_COLOR);
  if (bgr.empty()) fail(ExitCode::environment, "OpenCV cannot read a JPEG of its own");
  cv::Mat rgb;
  cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
  return rgb;
}

void write_picture(const std::filesystem::path& file, const cv::Mat& rgb) {
  write_file_atomically(file, encode(rgb, file.extension().string(), {}, file.string()));
}

}  // namespace fastbox::io
