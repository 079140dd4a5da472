#include <catch2/catch.hpp>

#include <opencv2/imgcodecs.hpp>

#include "base/files.hpp"
#include "io/image.hpp"
#include "support/support.hpp"

using namespace fastbox;

namespace {

cv::Mat pattern() {
  cv::Mat rgb(20, 30, CV_8UC3);
  for (int y = 0; y < rgb.rows; ++y)
    for (int x = 0; x < rgb.cols; ++x)
      rgb.at<cv::Vec3b>(y, x) = cv::Vec3b(static_cast<uchar>(8 * x), static_cast<uchar>(10 * y), 77);
  return rgb;
}

}  // namespace

TEST_CASE("pixels survive a PNG in RGB order", "[image]") {
  const test::ScratchFolder folder;
  io::write_picture(folder / "a.png", pattern());
  CHECK(cv::norm(io::read_frame(folder / "a.png"), pattern(), cv::NORM_INF) == 0);
  const auto header = io::read_png_header(folder / "a.png");
  CHECK(header.width == 30);
  CHECK(header.height == 20);
}

TEST_CASE("a frame that is not an 8-bit RGB PNG is refused by name", "[image]") {
  const test::ScratchFolder folder;
  const auto refused = [&](const char* name) { return test::caught([&] { io::read_frame(folder / name); }); };
  CHECK(refused("none.png").mentions("none.png: the image is missing"));
  cv::imwrite((folder / "grey.png").string(), cv::Mat(20, 30, CV_8UC1, cv::Scalar(7)));
  CHECK(refused("grey.png").mentions("8-bit grey, expected 8-bit RGB"));
  cv::imwrite((folder / "deep.png").string(), cv::Mat(20, 30, CV_16UC3, cv::Scalar::all(700)));
  CHECK(refused("deep.png").mentions("16-bit RGB, expected 8-bit RGB"));
  write_file_atomically(folder / "text.png", "not a picture");
  CHECK(refused("text.png").mentions("is no PNG"));
  CHECK(refused("text.png").code == ExitCode::data);
}

TEST_CASE("a PNG cut at any length is refused", "[image]") {
  const test::ScratchFolder folder;
  io::write_picture(folder / "a.png", pattern());
  const std::string whole = read_file(folder / "a.png");
  for (std::size_t size = 0; size + 8 < whole.size(); ++size) {
    write_file_atomically(folder / "cut.png", whole.substr(0, size));
    CHECK(test::caught([&] { io::read_frame(folder / "cut.png"); }).code == ExitCode::data);
  }
}

TEST_CASE("a PNG with any bit of it flipped is refused", "[image]") {
  const test::ScratchFolder folder;
  io::write_picture(folder / "a.png", pattern());
  const std::string whole = read_file(folder / "a.png");
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    CHECK(test::caught([&] { io::decode_frame(flipped, "flipped"); }).code == ExitCode::data);
  }
}

TEST_CASE("chunks that do not make the pixels are never unpacked", "[image]") {
  const test::ScratchFolder folder;
  io::write_picture(folder / "a.png", pattern());
  std::string bytes = read_file(folder / "a.png");
  bytes.insert(io::png_header_bytes, std::string("\0\0\0\4zTXt1234CRC?", 16));  // damaged in every way
  CHECK(cv::norm(io::decode_frame(bytes, "made"), pattern(), cv::NORM_INF) == 0);
}
