#include <catch2/catch.hpp>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <numeric>

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

namespace {

constexpr data::Vectors all_vectors[] = {data::Vectors::none, data::Vectors::avx2, data::Vectors::avx512};

std::vector<std::uint8_t> planes_of(const cv::Mat& picture, int y) {
  const std::size_t plane = data::plane_bytes(static_cast<std::size_t>(picture.cols));
  std::vector<std::uint8_t> planes(3 * plane + data::row_slack(16), 0);
  for (int x = 0; x < picture.cols; ++x)
    for (int c = 0; c < 3; ++c)
      planes[static_cast<std::size_t>(c) * plane + static_cast<std::size_t>(x)] = picture.at<cv::Vec3b>(y, x)[c];
  return planes;
}

/// Weights as they come: rising and falling firsts, and sums beyond 0 .. 255.
data::Taps random_taps(int input, int output, bool falls, Random& random) {
  data::Taps taps;
  taps.taps = 8;
  for (int o = 0; o < output; ++o) {
    const int first = (input - 8) * o / std::max(output - 1, 1);
    taps.first.push_back(falls ? input - 8 - first : first);
    taps.used.push_back(8);
    for (int tap = 0; tap < 8; ++tap) taps.weight.push_back(static_cast<int>(random.below(1 << 21)) - (1 << 20));
  }
  // The largest there are, by themselves, for sums have 31 bits.
  std::fill_n(taps.weight.begin(), 8, 0);
  taps.weight[0] = 9 << 19, taps.weight[1] = -(1 << 19);
  return taps;
}

}  // namespace

TEST_CASE("every processor takes a row's channels apart in the same way", "[resize]") {
  for (const int width : {1, 15, 16, 17, 63, 64, 65, 192, 333}) {
    const cv::Mat in = noise(width, 2);
    const std::size_t bytes = 3 * data::plane_bytes(static_cast<std::size_t>(width));
    const auto expected = planes_of(in, 1);
    for (const auto vectors : all_vectors) {
      std::vector<std::uint8_t> planes(bytes, 0);
      data::split_row(in.ptr(1), static_cast<std::size_t>(width), planes.data(), vectors);
      INFO(width << " pixels, vectors " << static_cast<int>(vectors));
      CHECK(std::equal(planes.begin(), planes.end(), expected.begin()));
    }
  }
}

TEST_CASE("every processor's kernels give the same", "[resize]") {
  Random random(2, Purpose::scene);
  // Of 97 and 641 pixels: to so few that a vector's outputs lie too far apart for one, or for any.
  for (const int input : {97, 641})
    for (const int width : {4, 64, 97, 160, 200})
      for (const bool falls : {false, true}) {
        const cv::Mat in = noise(input, 9);
        const data::Taps taps = random_taps(input, width, falls, random);
        const std::size_t plane = data::plane_bytes(static_cast<std::size_t>(width));
        const auto row = planes_of(in, 3);
        std::vector<std::vector<std::uint8_t>> wide;
        for (const auto vectors : all_vectors) {
          data::PackedTaps packed;
          data::pack(taps, packed, vectors);
          wide.emplace_back(3 * plane, 0);
          data::resize_row(row.data(), static_cast<std::size_t>(input), taps, packed, wide.back().data());
        }
        INFO(input << " to " << width << ", falls " << falls);
        CHECK((wide[0] == wide[1] && wide[0] == wide[2]));
      }
}

TEST_CASE("every processor mixes rows in the same way", "[resize]") {
  Random random(3, Purpose::scene);
  const cv::Mat in = noise(97, 140);
  const std::size_t plane = data::plane_bytes(97);
  std::vector<std::vector<std::uint8_t>> planes;
  for (int y = 0; y < in.rows; ++y) planes.push_back(planes_of(in, y));
  for (const std::size_t count : {1, 2, 3, 4, 5, 8, 11, 128, 140}) {
    std::vector<const std::uint8_t*> rows;
    std::vector<std::int32_t> weight;
    for (std::size_t i = 0; i < count; ++i) {
      rows.push_back(planes[i].data());
      weight.push_back((static_cast<int>(random.below(1 << 23)) - (1 << 21)) / static_cast<int>(count));
    }
    std::vector<std::vector<std::uint8_t>> mixed;
    for (const auto vectors : all_vectors) {
      mixed.emplace_back(3 * plane, 1);
      const auto sums = data::mix_rows(rows, weight.data(), plane, mixed.back().data(), vectors);
      for (std::size_t c = 0; c < 3; ++c) {
        const auto begin = mixed.back().begin() + static_cast<std::ptrdiff_t>(c * plane);
        CHECK(std::accumulate(begin, begin + static_cast<std::ptrdiff_t>(plane), std::uint64_t{0}) == sums[c]);
      }
    }
    INFO(count << " rows");
    CHECK((mixed[0] == mixed[1] && mixed[0] == mixed[2]));
  }
}

TEST_CASE("a picture may shrink to less than any vector's window", "[resize]") {
  // Each output is the mean of what it covers: a picture of one colour keeps it.
  const cv::Mat in(300, 900, CV_8UC3, cv::Scalar(7, 77, 177));
  for (const int width : {3, 20, 190, 250}) {
    const cv::Mat out = data::resize_bicubic(in, width, 2);
    CHECK(cv::norm(out, cv::Mat(2, width, CV_8UC3, cv::Scalar(7, 77, 177)), cv::NORM_INF) == 0);
  }
}
