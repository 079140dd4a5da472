// Pixels of PNGs of all filters, against the pixels that were written and against OpenCV.
#include "io/png_pixels.hpp"

#include <zlib.h>

#include <catch2/catch.hpp>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <random>

#include "io/crc32.hpp"
#include "io/image.hpp"
#include "support/support.hpp"

using namespace fastbox;

namespace {

std::string big_endian(std::uint32_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift);
  return bytes;
}

std::string chunk(const std::string& type, const std::string& data) {
  return big_endian(static_cast<std::uint32_t>(data.size())) + type + data + big_endian(io::crc32(type + data));
}

std::string deflated(const std::string& bytes) {
  std::string packed(compressBound(bytes.size()), '\0');
  uLongf size = packed.size();
  REQUIRE(compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()),
                   bytes.size()) == Z_OK);
  packed.resize(size);
  return packed;
}

/// Filters row y by filter_of(y), as chapter 6 of the specification defines it from the pixels.
template <typename FilterOf>
std::string filtered_rows(const cv::Mat& rgb, const FilterOf& filter_of) {
  const auto at = [&](int y, int i) { return y < 0 || i < 0 ? 0 : int{rgb.ptr<unsigned char>(y)[i]}; };
  std::string rows;
  for (int y = 0; y < rgb.rows; ++y) {
    const int filter = filter_of(y);
    rows += static_cast<char>(filter);
    for (int i = 0; i < 3 * rgb.cols; ++i) {
      const int a = at(y, i - 3), b = at(y - 1, i), c = i < 3 ? 0 : at(y - 1, i - 3), p = a + b - c;
      const int pa = std::abs(p - a), pb = std::abs(p - b), pc = std::abs(p - c);
      const int of_paeth = pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
      const int predicted[] = {0, a, b, (a + b) / 2, of_paeth, 0};
      rows += static_cast<char>(at(y, i) - predicted[filter]);
    }
  }
  return rows;
}

std::string png_of(const cv::Mat& rgb, const std::vector<std::string>& chunks, char interlaced = 0) {
  const std::string header = big_endian(static_cast<std::uint32_t>(rgb.cols)) +
                             big_endian(static_cast<std::uint32_t>(rgb.rows)) + std::string("\x08\x02\0\0", 4) +
                             interlaced;
  std::string png = "\x89PNG\r\n\x1a\n" + chunk("IHDR", header);
  for (const std::string& one : chunks) png += one;
  return png + chunk("IEND", "");
}

cv::Mat noise(int width, int height, unsigned seed) {
  cv::Mat rgb(height, width, CV_8UC3);
  std::mt19937 generator(seed);
  for (int y = 0; y < height; ++y)
    for (int i = 0; i < 3 * width; ++i)  // steps of all sizes, so that each of Paeth's three is the nearest somewhere
      rgb.ptr<unsigned char>(y)[i] = static_cast<unsigned char>(generator() >> (generator() % 2 == 0 ? 24 : 29));
  return rgb;
}

cv::Mat by_opencv(const std::string& png) {
  const std::vector<unsigned char> bytes(png.begin(), png.end());
  cv::Mat rgb;
  cv::cvtColor(cv::imdecode(bytes, cv::IMREAD_COLOR), rgb, cv::COLOR_BGR2RGB);
  return rgb;
}

std::optional<cv::Mat> pixels_of(const std::string& png) {
  return io::png_pixels(png, io::parse_png_header(png, "it"));
}

bool same(const cv::Mat& a, const cv::Mat& b) {
  return a.size() == b.size() && cv::norm(a, b, cv::NORM_INF) == 0;
}

}  // namespace

TEST_CASE("pixels of every filter are those that were written, and OpenCV's", "[png_pixels]") {
  unsigned seed = 0;
  for (const auto& [width, height] :
       std::vector<std::pair<int, int>>{{1, 1}, {1, 9}, {7, 1}, {3, 2}, {33, 17}, {1242, 11}})
    for (int filter = -1; filter < 5; ++filter) {  // -1: all of them in turn
      CAPTURE(width, height, filter);
      const cv::Mat rgb = noise(width, height, seed++);
      const std::string packed = deflated(filtered_rows(rgb, [&](int y) { return filter < 0 ? (y + 4) % 5 : filter; }));
      const std::string png = png_of(rgb, {chunk("IDAT", packed)});
      const auto pixels = pixels_of(png);
      REQUIRE(pixels);
      CHECK(same(*pixels, rgb));
      CHECK(same(*pixels, by_opencv(png)));
      const std::string in_pieces =
          png_of(rgb, {chunk("PLTE", "abc"), chunk("IDAT", packed.substr(0, 1)), chunk("IDAT", ""),
                       chunk("IDAT", packed.substr(1, 5)), chunk("IDAT", packed.substr(6))});
      const auto from_pieces = pixels_of(in_pieces);
      REQUIRE(from_pieces);
      CHECK(same(*from_pieces, rgb));
    }
}

TEST_CASE("what is special or damaged is left to OpenCV", "[png_pixels]") {
  const cv::Mat rgb = noise(30, 20, 1);
  const auto by_sub = [](int) { return 1; };
  const std::string rows = filtered_rows(rgb, by_sub), packed = deflated(rows), idat = chunk("IDAT", packed);
  REQUIRE(pixels_of(png_of(rgb, {idat})));
  CHECK_FALSE(pixels_of(png_of(rgb, {idat}, 1)));                                  // interlaced
  CHECK_FALSE(pixels_of(png_of(rgb, {chunk("CgBI", "1234"), idat})));              // Apple's
  CHECK_FALSE(pixels_of(png_of(rgb, {})));                                         // nothing of it
  CHECK_FALSE(pixels_of(png_of(rgb, {chunk("IDAT", deflated(rows.substr(1)))})));  // too little
  CHECK_FALSE(pixels_of(png_of(rgb, {chunk("IDAT", deflated(rows + "more"))})));   // too much
  CHECK_FALSE(pixels_of(png_of(rgb, {chunk("IDAT", deflated(filtered_rows(rgb, [](int) { return 5; })))})));
  CHECK_FALSE(pixels_of(
      png_of(rgb, {chunk("IDAT", packed.substr(0, 9)), chunk("PLTE", "abc"), chunk("IDAT", packed.substr(9))})));
  std::string other_crc = png_of(rgb, {idat}), other_sum = packed;
  other_crc[other_crc.size() - 13] ^= 1;  // before IEND's 12 bytes
  CHECK_FALSE(pixels_of(other_crc));
  other_sum.back() ^= 1;
  CHECK_FALSE(pixels_of(png_of(rgb, {chunk("IDAT", other_sum)})));
}

TEST_CASE("interlaced frames are read, by OpenCV", "[png_pixels]") {
  // Of one pixel, Adam7's first pass is all there is.
  const cv::Mat rgb = noise(1, 1, 3);
  const std::string png = png_of(rgb, {chunk("IDAT", deflated(filtered_rows(rgb, [](int) { return 0; })))}, 1);
  CHECK_FALSE(pixels_of(png));
  CHECK(same(io::decode_frame(png, "it"), rgb));
}
