// What a PNG claims and whether its pieces are there, found out before a decoder allocates anything for it.
//
// Frames are 8-bit RGB in KITTI; nothing else is accepted. Source of the format: PNG (Portable Network Graphics)
// Specification, version 1.2; of deflate's limit: RFC 1951. Pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fastbox::io {

/// 2^26 pixels, 192 MiB as RGB: a camera of 67 megapixels. KITTI's frames have 0.47.
constexpr std::int64_t most_pixels = std::int64_t{1} << 26;
constexpr int longest_side = 1 << 15;  ///< pixels

/// A PNG of most_pixels that cannot be compressed at all, and its chunks.
constexpr std::size_t largest_png = std::size_t{256} << 20;

constexpr std::size_t png_header_bytes = 33;  ///< the signature and the chunk IHDR

/// What a PNG's header says.
struct PngHeader {
  int width = 0, height = 0;  ///< pixels
  int bit_depth = 0;
  int colour_type = 0;    ///< PNG's numbers: 0 grey, 2 RGB, 3 palette, 4 grey + alpha, 6 RGBA
  bool is_plain = false;  ///< not interlaced, and compressed and filtered by the methods that there are
};

/// The four bytes from `at` on, which are there, as PNG writes numbers: the highest first.
std::uint32_t png_number(std::string_view bytes, std::size_t at);

/// From a file's first bytes. Throws Error(data) naming `name` where it is no PNG, is cut off or damaged (IHDR's CRC)
/// within the header, or claims no pixel, more than longest_side one way or more than most_pixels.
PngHeader parse_png_header(std::string_view bytes, const std::string& name);

constexpr std::size_t png_chunk_frame = 12;  ///< bytes of a chunk besides its data: their number, the type, the CRC

/// Whether the pixels depend on chunks of this type.
bool is_critical_chunk(std::string_view type);

/// Throws Error(data) naming `name`, besides the header's reasons, where the picture is not 8-bit RGB, the file ends
/// before or goes on after the chunk IEND, or its compressed bytes are too few for the pixels that the header claims.
PngHeader check_png(std::string_view bytes, const std::string& name);

/// The PNG as its critical chunks alone: what is left determines the pixels. Texts, profiles and
/// the like are unpacked by the decoder though nobody asks for them: 2 MB of them take it ten seconds. Throws as check_png().
std::string essential_png(std::string_view bytes, const std::string& name);

}  // namespace fastbox::io
