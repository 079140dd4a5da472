#include <catch2/catch.hpp>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "base/random.hpp"
#include "data/resize.hpp"
#include "io/safetensors.hpp"

using namespace fastbox;

namespace {

cv::Mat picture_of(const io::TensorView& tensor) {
  cv::Mat picture(static_cast<int>(tensor.shape[0]), static_cast<int>(tensor.shape[1]), CV_8UC3);
  REQUIRE(picture.total() * 3 == tensor.bytes.size());
  std::memcpy(picture.data, tensor.bytes.data(), tensor.bytes.size());
  return picture;
}

cv::Mat noise(int width, int height) {
  cv::Mat picture(height, width, CV_8UC3);
  Random random(1, Purpose::scene);
  for (std::size_t i = 0; i < picture.total() * 3; ++i) picture.data[i] = static_cast<uchar>(random.below(256));
  return picture;
}

}  // namespace

TEST_CASE("resizing equals Pillow's to the bit", "[resize]") {
  const io::SafetensorsFile golden(std::filesystem::path(__FILE__).replace_filename("resize_golden.safetensors"));
  int cases = 0;
  for (const auto& [key, tensor] : golden.tensors()) {
    if (!key.ends_with(".in")) continue;
    const std::string name = key.substr(0, key.size() - 3);
    INFO(name);
    const cv::Mat in = picture_of(tensor), expected = picture_of(golden.at(name + ".out"));
    data::Region region;
    std::memcpy(&region, golden.at(name + ".box").bytes.data(), sizeof region);
    const cv::Mat out = data::resize_bicubic(in, expected.cols, expected.rows, region);
    REQUIRE(out.size() == expected.size());
    CHECK(cv::norm(out, expected, cv::NORM_INF) == 0);
    ++cases;
  }
  CHECK(cases == 9);
}

TEST_CASE("a picture of the right size is copied, not shared", "[resize]") {
  cv::Mat in = noise(9, 7);
  const cv::Mat out = data::resize_bicubic(in, 9, 7);
  CHECK(cv::norm(in, out, cv::NORM_INF) == 0);
  CHECK(in.data != out.data);
}

TEST_CASE("outside of the picture its border is repeated", "[resize]") {
  cv::Mat in(4, 6, CV_8UC3, cv::Scalar(10, 20, 30));
  in.col(5).setTo(cv::Scalar(200, 210, 220));
  const cv::Mat out = data::resize_bicubic(in, 16, 8, {-5, -2, 11, 6});  // one pixel a pixel
  REQUIRE(out.size() == cv::Size(16, 8));
  CHECK(out.at<cv::Vec3b>(0, 0) == cv::Vec3b(10, 20, 30));
  CHECK(out.at<cv::Vec3b>(7, 8) == cv::Vec3b(10, 20, 30));
  CHECK(out.at<cv::Vec3b>(3, 10) == cv::Vec3b(200, 210, 220));
  CHECK(out.at<cv::Vec3b>(3, 15) == cv::Vec3b(200, 210, 220));
}

TEST_CASE("a region of whole pixels at their own size is a crop", "[resize]") {
  const cv::Mat in = noise(40, 30);
  const cv::Mat out = data::resize_bicubic(in, 20, 10, {7, 9, 27, 19});
  CHECK(cv::norm(out, in(cv::Rect(7, 9, 20, 10)), cv::NORM_INF) == 0);
}

TEST_CASE("every processor's kernels give the same", "[resize]") {
  // Weights as they come: rising and falling firsts, and sums beyond 0 .. 255.
  const cv::Mat in = noise(97, 9);
  Random random(2, Purpose::scene);
  for (const int width : {4, 64, 97}) {
    for (const bool falls : {false, true}) {
      data::Taps taps;
      taps.taps = 8;
      for (int o = 0; o < width; ++o) {
        const int first = (97 - 8) * o / std::max(width - 1, 1);
        taps.first.push_back(falls ? 97 - 8 - first : first);
        taps.used.push_back(8);
        for (int tap = 0; tap < 8; ++tap) taps.weight.push_back(static_cast<int>(random.below(1 << 21)) - (1 << 20));
      }
      std::vector<std::vector<std::uint8_t>> rows, columns;
      for (const std::size_t lanes : {0, 2, 4}) {
        data::PackedTaps packed;
        data::pack(taps, in.cols, packed, lanes);
        std::vector<std::uint8_t> out(3 * static_cast<std::size_t>(width) + data::row_padding);
        data::resize_row(in.ptr(3), taps, packed, out.data());
        out.resize(3 * static_cast<std::size_t>(width));
        rows.push_back(out);

        std::vector<const std::uint8_t*> pointers;
        for (int y = 0; y < 8; ++y) pointers.push_back(in.ptr(y));
        std::vector<std::uint32_t> sums(out.size(), 5);
        data::mix_rows(pointers, taps.weights_of(1), out.size(), out.data(), sums.data(), lanes);
        CHECK(std::equal(out.begin(), out.end(), sums.begin(), [](auto byte, auto sum) { return byte + 5u == sum; }));
        columns.push_back(out);
      }
      CHECK((rows[0] == rows[1] && rows[0] == rows[2]));
      CHECK((columns[0] == columns[1] && columns[0] == columns[2]));
    }
  }
}
