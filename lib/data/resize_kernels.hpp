// The two passes of a bicubic resize over one row: what a processor with AVX2 or AVX-512 does many values at a time.
//
// Thread-safe: no state. Whole numbers only, so every version gives the same bits; the version is picked once, by what
// the processor has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "data/resize_taps.hpp"

namespace fastbox::data {

/// What each output pixel of one pass takes from the input: input pixels first .. first + taps - 1, with fixed-point
/// weights of weight_bits, 0 where it takes fewer.
struct Taps {
  int taps = 0;                      ///< a multiple of 4
  std::vector<int> first, used;      ///< by output pixel; used <= taps
  std::vector<std::int32_t> weight;  ///< [output][taps]

  std::size_t size() const { return first.size(); }
  const std::int32_t* weights_of(std::size_t output) const {
    return weight.data() + output * static_cast<std::size_t>(taps);
  }
};

/// Weights in the order and the halves in which resize_row's vectors take them.
struct PackedTaps {
  std::size_t lanes = 0;             ///< output pixels in a vector; 0: no vectors
  std::vector<std::int16_t> halves;  ///< [output / lanes][taps / 4][lane][upper 0 1, lower 0 1, upper 2 3, lower 2 3]
  std::size_t vector_begin = 0, vector_end = 0;  ///< outputs whose reads stay inside of the row
};

constexpr std::size_t all_lanes = 4;  ///< a test asks for fewer, to run what other processors run

/// Readies `packed` for rows of `row_pixels` input pixels.
void pack(const Taps& taps, int row_pixels, PackedTaps& packed, std::size_t most_lanes = all_lanes);

/// The horizontal pass: RGB pixels at `in` to taps.size() pixels at `out`, which has room for row_padding bytes more.
void resize_row(const std::uint8_t* in, const Taps& taps, const PackedTaps& packed, std::uint8_t* out);

constexpr std::size_t row_padding = 64;  ///< bytes that the kernels may write beyond a row's end

/// The vertical pass: out[x] = the weighted sum of rows[i][x], for `width` bytes (a multiple of 3). Adds each byte of
/// the result to column_sums[x].
void mix_rows(std::span<const std::uint8_t* const> rows, const std::int32_t* weight, std::size_t width,
              std::uint8_t* out, std::uint32_t* column_sums, std::size_t most_lanes = all_lanes);

}  // namespace fastbox::data
