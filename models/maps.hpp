// Channels-last maps as a kernel of the CPU sees them: plain memory of one image, or of many with their pixels in one row.
#pragma once

#include <cstdint>

namespace fastbox::models {

/// Channels that are worked on together: what a vector register of 32 bytes holds in fp32.
constexpr int lanes = 8;

/// A map's element as memory holds it: float, or the upper half of one (bf16).
struct Bf16 {
  std::uint16_t bits;
};

}  // namespace fastbox::models
