#include <catch2/catch.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include "base/random.hpp"
#include "comm/bf16.hpp"

using namespace fastbox::comm;

TEST_CASE("rounding is to nearest, ties to even", "[bf16]") {
  CHECK(to_bf16(1.0f) == 0x3f80);
  CHECK(to_bf16(1.0f + 0x1p-8f) == 0x3f80);            // a tie: 1.0 is even
  CHECK(to_bf16(1.0f + 0x1p-7f + 0x1p-8f) == 0x3f82);  // a tie: upwards to even
  CHECK(to_bf16(1.0f + 0x1p-8f + 0x1p-20f) == 0x3f81);
  CHECK(to_bf16(-0.0f) == 0x8000);
  CHECK(std::isinf(from_bf16(to_bf16(std::numeric_limits<float>::max()))));
  CHECK(std::isinf(from_bf16(to_bf16(std::numeric_limits<float>::infinity()))));
  CHECK(std::isnan(from_bf16(to_bf16(std::numeric_limits<float>::quiet_NaN()))));
  CHECK(std::isnan(from_bf16(to_bf16(std::bit_cast<float>(0x7f800001u)))));  // its payload is in the lower half
  for (std::uint32_t half = 0; half < 0x10000; ++half) {
    const float value = from_bf16(static_cast<std::uint16_t>(half));
    if (!std::isnan(value)) REQUIRE(to_bf16(value) == half);
  }
}

TEST_CASE("what rounding loses is carried over: over many steps nothing is lost", "[bf16]") {
  fastbox::Random random(3, fastbox::Purpose::shuffle);
  constexpr std::size_t count = 100;
  std::vector<float> residual(count), values(count);
  std::vector<std::uint16_t> wire(count);
  std::vector<double> sent(count), meant(count);
  for (int step = 0; step < 1000; ++step) {
    for (std::size_t i = 0; i < count; ++i) meant[i] += values[i] = static_cast<float>(1 + 1e-3 * random.normal());
    pack_bf16(values.data(), residual.data(), wire.data(), count);
    for (std::size_t i = 0; i < count; ++i) sent[i] += from_bf16(wire[i]);
  }
  // Without the residual, 1.000 would be sent for each value: the spread of 1e-3 is below bf16's last bit.
  for (std::size_t i = 0; i < count; ++i) CHECK(std::abs(sent[i] - meant[i]) < 0x1p-7);
}

TEST_CASE("an infinite gradient does not poison later steps", "[bf16]") {
  float residual = 0, value = std::numeric_limits<float>::infinity();
  std::uint16_t wire = 0;
  pack_bf16(&value, &residual, &wire, 1);
  CHECK(std::isinf(from_bf16(wire)));
  CHECK(residual == 0);
}
