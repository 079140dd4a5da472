#include "io/png.hpp"

#include "base/error.hpp"
#include "io/crc32.hpp"

namespace fastbox::io {
namespace {

constexpr std::string_view signature = "\x89PNG\r\n\x1a\n";
constexpr std::size_t header_data = 13;         // bytes in IHDR
constexpr std::uint64_t most_from_byte = 1032;  // deflate: 258 bytes need two bits at least

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

std::uint32_t png_number(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

/// Ancillary chunks' types begin with a small letter.
bool is_critical_chunk(std::string_view type) {
  return (type[0] & 0x20) == 0;
}

PngHeader parse_png_header(std::string_view bytes, const std::string& name) {
  if (!bytes.starts_with(signature)) fail(ExitCode::data, name, ": is no PNG file, expected an 8-bit RGB PNG");
  if (bytes.size() < png_header_bytes)
    fail(ExitCode::data, name, ": the PNG is truncated within its header (", bytes.size(), " bytes)");
  if (png_number(bytes, 8) != header_data || bytes.substr(12, 4) != "IHDR" ||
      crc32(bytes.substr(12, 4 + header_data)) != png_number(bytes, png_header_bytes - 4))
    fail(ExitCode::data, name, ": the PNG's header is damaged, expected the chunk IHDR with its CRC");
  const std::uint32_t width = png_number(bytes, 16), height = png_number(bytes, 20);
  if (width == 0 || height == 0 || width > longest_side || height > longest_side ||
      std::int64_t{width} * height > most_pixels)
    fail(ExitCode::data, name, ": the PNG claims ", width, " x ", height, " pixels, expected at most ", longest_side,
         " each way and ", most_pixels, " together");
  return {static_cast<int>(width), static_cast<int>(height), bytes[24], bytes[25],
          bytes[26] == 0 && bytes[27] == 0 && bytes[28] == 0};
}

PngHeader check_png(std::string_view bytes, const std::string& name) {
  const PngHeader header = parse_png_header(bytes, name);
  if (header.bit_depth != 8 || header.colour_type != 2)
    fail(ExitCode::data, name, ": the PNG is ", header.bit_depth, "-bit ", colour_name(header.colour_type),
         ", expected 8-bit RGB");
  std::uint64_t compressed = 0;
  std::string_view type;
  for (std::size_t at = png_header_bytes; type != "IEND";) {
    const std::size_t left = bytes.size() - at;
    if (left < png_chunk_frame || left - png_chunk_frame < png_number(bytes, at))
      fail(ExitCode::data, name, ": the PNG is truncated after ", bytes.size(), " bytes");
    const std::size_t size = png_number(bytes, at);
    type = bytes.substr(at + 4, 4);
    if (type == "IDAT") compressed += size;
    at += png_chunk_frame + size;
    if (type == "IEND" && at != bytes.size())
      fail(ExitCode::data, name, ": ", bytes.size() - at, " bytes follow the PNG's end (IEND) at byte ", at);
  }
  const auto raw = 3 * static_cast<std::uint64_t>(header.width) * static_cast<std::uint64_t>(header.height);
  if (raw > most_from_byte * compressed)
    fail(ExitCode::data, name, ": the PNG claims ", header.width, " x ", header.height, " pixels, but its ", compressed,
         " bytes of them (IDAT) can hold no more than ", most_from_byte * compressed, " of ", raw);
  return header;
}

std::string essential_png(std::string_view bytes, const std::string& name) {
  check_png(bytes, name);
  std::string essential(bytes.substr(0, png_header_bytes));
  essential.reserve(bytes.size());
  for (std::size_t at = png_header_bytes; at < bytes.size();) {
    const std::size_t size = png_chunk_frame + png_number(bytes, at);
    if (is_critical_chunk(bytes.substr(at + 4, 4))) essential += bytes.substr(at, size);
    at += size;
  }
  return essential;
}

}  // namespace fastbox::io
