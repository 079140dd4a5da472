#include "io/png_pixels.hpp"

#include <libdeflate.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "io/crc32.hpp"

namespace fastbox::io {
namespace {

using Byte = std::uint8_t;

constexpr std::size_t bytes_of_pixel = 3;

/// The compressed bytes of all IDATs; nothing where png_pixels() has nothing.
std::optional<std::string> compressed_pixels(std::string_view png) {
  std::string compressed;
  compressed.reserve(png.size());
  std::string_view before, type;
  std::size_t size = 0;
  for (std::size_t at = png_header_bytes; at < png.size(); at += png_chunk_frame + size) {
    size = png_number(png, at);
    type = png.substr(at + 4, 4);
    if (!is_critical_chunk(type)) continue;
    if (type != "PLTE" && type != "IDAT" && type != "IEND") return std::nullopt;
    if (type == "IDAT" && !compressed.empty() && before != "IDAT") return std::nullopt;
    if (crc32(png.substr(at + 4, 4 + size)) != png_number(png, at + 8 + size)) return std::nullopt;
    if (type == "IDAT") compressed += png.substr(at + 8, size);
    before = type;
  }
  return compressed;
}

/// Of a, b and c, the one that is nearest to a + b - c; the first of equals.
int paeth(int a, int b, int c) {
  const int from_a = std::abs(b - c), from_b = std::abs(a - c), from_c = std::abs(a + b - 2 * c);
  const int of_b_or_c = from_b <= from_c ? b : c;
  return from_a <= from_b && from_a <= from_c ? a : of_b_or_c;
}

/// to[i] = from[i] + predicted(left, above, above left), byte by byte, with 0 for what lies outside on the left.
template <typename Predicted>
void undo(const Byte* from, const Byte* above, std::size_t bytes, Byte* to, const Predicted& predicted) {
  int left[bytes_of_pixel] = {}, above_left[bytes_of_pixel] = {};
  for (std::size_t i = 0; i < bytes; i += bytes_of_pixel)
    for (std::size_t c = 0; c < bytes_of_pixel; ++c) {
      const int up = above[i + c];
      left[c] = (from[i + c] + predicted(left[c], up, above_left[c])) & 0xff;
      above_left[c] = up;
      to[i + c] = static_cast<Byte>(left[c]);
    }
}

/// A row as it was before its filter (chapter 6). False for a filter that there is none of. `above`: zeros over the first row.
bool undo_filter(int filter, const Byte* from, const Byte* above, std::size_t bytes, Byte* to) {
  switch (filter) {
    case 0:
      std::memcpy(to, from, bytes);
      return true;
    case 1:
      undo(from, above, bytes, to, [](int left, int, int) { return left; });
      return true;
    case 2:
      for (std::size_t i = 0; i < bytes; ++i) to[i] = static_cast<Byte>(from[i] + above[i]);
      return true;
    case 3:
      undo(from, above, bytes, to, [](int left, int up, int) { return (left + up) / 2; });
      return true;
    case 4:
      undo(from, above, bytes, to, paeth);
      return true;
    default:
      return false;
  }
}

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* decompressor) const { libdeflate_free_decompressor(decompressor); }
};

libdeflate_decompressor* decompressor_of_thread() {
  static thread_local const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(
      libdeflate_alloc_decompressor());
  if (decompressor == nullptr) throw std::bad_alloc();
  return decompressor.get();
}

/// Frames of one camera come one after another; more than one of them is not kept.
std::vector<Byte>& rows_of_thread() {
  static thread_local std::vector<Byte> rows;
  constexpr std::size_t most_kept = std::size_t{16} << 20;
  if (rows.capacity() > most_kept) rows = {};
  return rows;
}

}  // namespace

std::optional<cv::Mat> png_pixels(std::string_view png, const PngHeader& header) {
  if (!header.is_plain) return std::nullopt;
  const auto compressed = compressed_pixels(png);
  if (!compressed) return std::nullopt;
  const auto height = static_cast<std::size_t>(header.height);
  const std::size_t bytes = bytes_of_pixel * static_cast<std::size_t>(header.width), filtered = 1 + bytes;
  std::vector<Byte>& rows = rows_of_thread();
  rows.resize(filtered * height);
  // Without a place for the number of bytes that came out, all that there is room for must come.
  if (libdeflate_zlib_decompress(decompressor_of_thread(), compressed->data(), compressed->size(), rows.data(),
                                 rows.size(), nullptr) != LIBDEFLATE_SUCCESS)
    return std::nullopt;
  cv::Mat pixels(header.height, header.width, CV_8UC3);
  const std::vector<Byte> zeros(bytes);
  const Byte* above = zeros.data();
  for (std::size_t y = 0; y < height; ++y) {
    const Byte* const row = rows.data() + y * filtered;
    Byte* const to = pixels.ptr<Byte>(static_cast<int>(y));
    if (!undo_filter(row[0], row + 1, above, bytes, to)) return std::nullopt;
    above = to;
  }
  return pixels;
}

}  // namespace fastbox::io
