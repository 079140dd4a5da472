// colour_row on every processor's path against write_coloured, the definition that a GPU runs as well.
#include "data/colour_row.hpp"

#include <catch2/catch.hpp>

#include <cstring>
#include <vector>

#include "base/random.hpp"
#include "data/augment_kernel.hpp"
#include "data/resize_kernels.hpp"

using namespace fastbox;

namespace {

struct Row {
  std::size_t width, plane;
  std::vector<std::uint8_t> planes;

  explicit Row(std::size_t pixels) : width(pixels), plane(data::plane_bytes(pixels)), planes(3 * plane, 0) {}
  std::uint8_t& at(std::size_t x, std::size_t c) { return planes[c * plane + x]; }
  std::uint8_t at(std::size_t x, std::size_t c) const { return planes[c * plane + x]; }
};

/// Colours that formulas stumble over, and others.
Row random_row(std::size_t width, Random& random) {
  constexpr std::uint8_t levels[] = {0, 1, 127, 128, 254, 255};
  Row row(width);
  for (std::size_t x = 0; x < width; ++x) {
    const bool extreme = random.chance(0.5), grey = random.chance(0.1);
    for (std::size_t c = 0; c < 3; ++c)
      row.at(x, c) = grey && c > 0 ? row.at(x, 0)
                     : extreme     ? levels[random.below(6)]
                                   : static_cast<std::uint8_t>(random.below(256));
  }
  return row;
}

/// Of an image whose channels' bytes add up to `sums` over so many pixels.
struct Case {
  data::ImageChange change;
  std::int64_t sums[3];
  double pixels = 1000;

  data::RowColour colour() const {
    data::RowColour colour;
    colour.tints = data::changes_tint(change);
    colour.changes = colour.tints || change.contrast != 1 || change.brightness != 0;
    colour.brightness = change.brightness, colour.contrast = change.contrast;
    colour.saturation = change.saturation, colour.hue = change.hue;
    for (std::size_t c = 0; c < 3; ++c)
      colour.mean[c] = data::brighter_mean(static_cast<double>(sums[c]), pixels, change.brightness);
    return colour;
  }
};

Case random_case(int kind, Random& random) {
  Case result;
  if (kind >= 1) {
    result.change.brightness = random.uniform(-60, 60);
    result.change.contrast = random.uniform(0.5, 1.6);
  }
  if (kind >= 2) {
    result.change.saturation = random.uniform(0, 3);
    result.change.hue = random.uniform(-0.5, 0.5);
  }
  if (kind == 3) {
    result.change.brightness = random.uniform(-300, 300);
    result.change.contrast = random.chance(0.2) ? 0 : random.uniform(0, 4);
    result.change.saturation = random.chance(0.2) ? -1 : random.uniform(0, 10);
    result.change.hue = random.chance(0.5) ? 0.5 : -0.5;
  }
  for (auto& sum : result.sums) sum = static_cast<std::int64_t>(random.below(255 * 1000));
  return result;
}

}  // namespace

TEST_CASE("a row's floats are those of its pixels to the bit, on every processor", "[colour_row]") {
  Random random(5, Purpose::scene);
  for (int round = 0; round < 12; ++round)
    for (const int kind : {0, 1, 2, 3})
      for (const std::size_t width : {1, 2, 7, 8, 11, 15, 16, 17, 33, 96, 255, 256, 257, 640, 1248}) {
        const Row row = random_row(width, random);
        const Case image = random_case(kind, random);
        std::vector<float> expected(3 * width + 1, -1);
        for (std::size_t x = 0; x < width; ++x) {
          const std::uint8_t pixel[] = {row.at(x, 0), row.at(x, 1), row.at(x, 2)};
          data::write_coloured(pixel, image.sums, image.pixels, image.change, expected.data() + 3 * x);
        }
        for (const auto vectors : {data::Vectors::none, data::Vectors::avx2, data::Vectors::avx512}) {
          std::vector<float> out(3 * width + 1, -1);  // the last one stays
          data::colour_row(row.planes.data(), width, image.colour(), out.data(), vectors);
          INFO("kind " << kind << ", " << width << " pixels, vectors " << static_cast<int>(vectors));
          CHECK(std::memcmp(out.data(), expected.data(), out.size() * sizeof(float)) == 0);
        }
      }
}

TEST_CASE("every colour is tinted as its pixel is", "[colour_row]") {
  Random random(6, Purpose::scene);
  const Case image = random_case(2, random);
  constexpr std::size_t width = 52 * 52;
  Row row(width);
  for (int red = 0; red < 256; red += 5) {
    for (std::size_t x = 0; x < width; ++x) {
      row.at(x, 0) = static_cast<std::uint8_t>(red);
      row.at(x, 1) = static_cast<std::uint8_t>(5 * (x / 52));
      row.at(x, 2) = static_cast<std::uint8_t>(5 * (x % 52));
    }
    std::vector<float> expected(3 * width);
    for (std::size_t x = 0; x < width; ++x) {
      const std::uint8_t pixel[] = {row.at(x, 0), row.at(x, 1), row.at(x, 2)};
      data::write_coloured(pixel, image.sums, image.pixels, image.change, expected.data() + 3 * x);
    }
    for (const auto vectors : {data::Vectors::none, data::Vectors::avx2, data::Vectors::avx512}) {
      std::vector<float> out(3 * width);
      data::colour_row(row.planes.data(), width, image.colour(), out.data(), vectors);
      CHECK((out == expected));  // thousands of floats are not to be printed
    }
  }
}
