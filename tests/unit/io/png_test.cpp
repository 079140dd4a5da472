#include <catch2/catch.hpp>

#include <sys/resource.h>

#include <opencv2/imgcodecs.hpp>

#include "base/files.hpp"
#include "io/image.hpp"
#include "io/png.hpp"
#include "support/support.hpp"

using namespace fastbox;

namespace {

void put_number(std::string& bytes, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(value >> (24 - 8 * i));
}

std::uint32_t crc_of(std::string_view bytes) {
  std::uint32_t crc = 0xffffffffu;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1u) != 0 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
  }
  return ~crc;
}

/// A small picture's PNG whose header claims another size, with the CRC that belongs to the claim.
std::string claiming(std::uint32_t width, std::uint32_t height) {
  std::vector<unsigned char> encoded;
  cv::imencode(".png", cv::Mat(20, 30, CV_8UC3, cv::Scalar(1, 2, 3)), encoded);
  std::string bytes(encoded.begin(), encoded.end());
  put_number(bytes, 16, width);
  put_number(bytes, 20, height);
  put_number(bytes, 29, crc_of(std::string_view(bytes).substr(12, 17)));
  return bytes;
}

std::string refusal(const std::string& bytes) {
  const auto error = test::caught([&] { io::decode_frame(bytes, "made.png"); });
  CHECK(error.code == ExitCode::data);
  CHECK(error.message.starts_with("made.png: "));
  return error.message;
}

long most_memory_mib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

}  // namespace

TEST_CASE("a header is read, and known by its CRC", "[png]") {
  const auto header = io::parse_png_header(claiming(30, 20), "made.png");
  CHECK(header.width == 30);
  CHECK(header.height == 20);
  CHECK(header.bit_depth == 8);
  CHECK(header.colour_type == 2);
  for (std::size_t at = 8; at < io::png_header_bytes; ++at) {
    std::string damaged = claiming(30, 20);
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    CHECK(refusal(damaged) == "made.png: the PNG's header is damaged, expected the chunk IHDR with its CRC");
  }
}

TEST_CASE("claims of gigabytes are refused before anything is allocated", "[png]") {
  const long before = most_memory_mib();
  CHECK(refusal(claiming(0, 20)).find("claims 0 x 20 pixels, expected") != std::string::npos);
  CHECK(refusal(claiming(32769, 1)).find("claims 32769 x 1 pixels, expected at most 32768") != std::string::npos);
  CHECK(refusal(claiming(200'000, 180'000)).find("claims 200000 x 180000") != std::string::npos);  // 100 GB
  CHECK(refusal(claiming(UINT32_MAX, UINT32_MAX)).find("claims 4294967295 x 4294967295") != std::string::npos);
  CHECK(refusal(claiming(16384, 4097)).find("67108864 together") != std::string::npos);
  // Within the bounds, 192 MiB, but no such small file can hold so many pixels.
  CHECK(refusal(claiming(16384, 4096)).find("bytes of them (IDAT) can hold no more than") != std::string::npos);
  CHECK(most_memory_mib() - before < 64);
}

TEST_CASE("more rows claimed than compressed are an error, not grey rows", "[png]") {
  CHECK(refusal(claiming(30, 21)) == "made.png: the PNG is damaged and cannot be decoded");
  CHECK(refusal(claiming(30, 200)) == "made.png: the PNG is damaged and cannot be decoded");
}

TEST_CASE("a PNG ends with its last chunk", "[png]") {
  const std::string whole = claiming(30, 20);
  CHECK(io::essential_png(whole, "made.png") == whole);
  for (std::size_t size = io::png_header_bytes; size < whole.size(); ++size)
    CHECK(refusal(whole.substr(0, size)).find("is truncated after ") != std::string::npos);
  CHECK(refusal(whole + "x").find("1 bytes follow the PNG's end (IEND)") != std::string::npos);
  CHECK(refusal(whole + whole).find("bytes follow the PNG's end") != std::string::npos);
}

TEST_CASE("only critical chunks are kept", "[png]") {
  const std::string whole = claiming(30, 20);
  std::string with_text = whole;
  with_text.insert(io::png_header_bytes, std::string("\0\0\0\3tEXtabcCRC?", 15));
  CHECK(io::essential_png(with_text, "made.png") == whole);
}
