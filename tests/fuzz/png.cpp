// The reader of PNGs: refuses with Error(data) or gives the pixels that OpenCV reads, as many as the header claims.
//
// A decoder's inside lies behind CRCs that no mutation keeps, so each input is read a second time with its CRCs mended.

#include "io/png.hpp"

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "fuzz.hpp"
#include "io/crc32.hpp"
#include "io/image.hpp"

using namespace fastbox;

namespace {

constexpr std::size_t signature_bytes = 8;

std::string with_mended_crcs(std::string bytes) {
  for (std::size_t at = signature_bytes; bytes.size() >= at + 12;) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(bytes[at + i]);
    if (size > bytes.size() - at - 12) break;
    const std::uint32_t crc = io::crc32(std::string_view(bytes).substr(at + 4, 4 + size));
    for (std::size_t i = 0; i < 4; ++i) bytes[at + 8 + size + i] = static_cast<char>(crc >> (24 - 8 * i));
    at += 12 + size;
  }
  return bytes;
}

/// RGB; empty where OpenCV refuses: it is stricter about windows that are declared too small.
cv::Mat by_opencv(std::string_view bytes) {
  std::string png = io::essential_png(bytes, "input");
  cv::Mat picture = cv::imdecode(cv::Mat(1, static_cast<int>(png.size()), CV_8UC1, png.data()),
                                 cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION);
  if (picture.empty()) return picture;
  cv::cvtColor(picture, picture, cv::COLOR_BGR2RGB);
  return picture;
}

void read(std::string_view bytes) {
  const auto frame = fuzz::accepted(ExitCode::data, [&] { return io::decode_frame(bytes, "input"); });
  const auto header = fuzz::accepted(ExitCode::data, [&] { return io::parse_png_header(bytes, "input"); });
  if (!frame) return;
  fuzz::require(header.has_value(), "what is decoded has a header");
  fuzz::require(frame->type() == CV_8UC3, "a frame is 8-bit RGB");
  fuzz::require(frame->cols == header->width && frame->rows == header->height, "a frame has its header's size");
  const cv::Mat theirs = by_opencv(bytes);
  fuzz::require(theirs.empty() || cv::norm(*frame, theirs, cv::NORM_INF) == 0, "pixels are those that OpenCV reads");
  fuzz::require(frame->total() * 3 <= 1032 * bytes.size(), "no frame is larger than deflate can make it");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input = fuzz::text_of(bytes, size);
  read(input);
  read(with_mended_crcs(std::string(input)));
  return 0;
}
