#include "io/image.hpp"

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <cstdint>
#include <fstream>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"

namespace fastbox::io {
namespace {

constexpr std::string_view png_signature = "\x89PNG\r\n\x1a\n";
constexpr std::size_t header_size = 33;          // signature, and the IHDR chunk of 25 bytes
constexpr std::uint32_t largest_side = 1 << 15;  // refuses a header that claims gigabytes before allocating them

std::uint32_t big_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

PngHeader parse_header(std::string_view bytes, const std::string& name) {
  if (!bytes.starts_with(png_signature)) fail(ExitCode::data, name, ": is no PNG file, expected an 8-bit RGB PNG");
  if (bytes.size() < header_size || bytes.substr(12, 4) != "IHDR")
    fail(ExitCode::data, name, ": the PNG is truncated within its header (", bytes.size(), " bytes)");
  const std::uint32_t width = big_endian(bytes, 16), height = big_endian(bytes, 20);
  if (width == 0 || height == 0 || width > largest_side || height > largest_side)
    fail(ExitCode::data, name, ": the PNG claims ", width, " x ", height, " pixels, expected 1..", largest_side);
  return {static_cast<int>(width), static_cast<int>(height), bytes[24], bytes[25]};
}

/// A PNG is whole when its chunks follow one another up to IEND; a decoder alone would fill the rest with grey.
void check_chunks(std::string_view bytes, const std::string& name) {
  for (std::size_t at = png_signature.size();;) {
    if (at + 12 > bytes.size()) fail(ExitCode::data, name, ": the PNG is truncated after ", bytes.size(), " bytes");
    const std::size_t size = big_endian(bytes, at);
    if (bytes.substr(at + 4, 4) == "IEND") return;
    at += 12 + size;
  }
}

const char* colour_name(int type) {
  switch (type) {
    case 0:
      return "grey";
    case 2:
      return "RGB";
    case 3:
      return "palette";
    case 4:
      return "grey with alpha";
    case 6:
      return "RGB with alpha";
    default:
      return "unknown colour";
  }
}

}  // namespace

PngHeader read_png_header(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) fail(ExitCode::data, file.string(), ": the image is missing or cannot be read");
  std::string bytes(header_size, '\0');
  stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(stream.gcount()));
  return parse_header(bytes, file.string());
}

cv::Mat read_frame(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) fail(ExitCode::data, file.string(), ": the image is missing");
  const std::string bytes = read_file(file), name = file.string();
  const PngHeader header = parse_header(bytes, name);
  if (header.bit_depth != 8 || header.colour_type != 2)
    fail(ExitCode::data, name, ": the PNG is ", header.bit_depth, "-bit ", colour_name(header.colour_type),
         ", expected 8-bit RGB");
  check_chunks(bytes, name);

  cv::Mat bgr;
  try {
    const cv::Mat buffer(1, static_cast<int>(bytes.size()), CV_8UC1, const_cast<char*>(bytes.data()));
    bgr = cv::imdecode(buffer, cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION);
  } catch (const cv::Exception& problem) {
    fail(ExitCode::data, name, ": the PNG cannot be decoded: ", problem.what());
  }
  if (bgr.empty()) fail(ExitCode::data, name, ": the PNG is damaged and cannot be decoded");
  cv::Mat rgb;
  cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
  return rgb;
}

void write_picture(const std::filesystem::path& file, const cv::Mat& rgb) {
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  std::vector<unsigned char> bytes;
  try {
    if (!cv::imencode(file.extension().string(), bgr, bytes))
      fail(ExitCode::environment, file.string(), ": the picture cannot be encoded");
  } catch (const cv::Exception& problem) {
    fail(ExitCode::environment, file.string(), ": the picture cannot be encoded: ", problem.what());
  }
  write_file_atomically(file, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace fastbox::io
