// The two passes of a bicubic resize over one row: what a processor with AVX2 or AVX-512 does many values at a time.
//
// Between frame and image a row's channels lie apart: three planes of plane_bytes() each, one after another. So a vector
// holds neighbours of one channel, which share their taps with the other two; and a plane is a whole number of vectors,
// with zeros beyond the row's end.
//
// Thread-safe: no state. Whole numbers only, so every version gives the same bits (vectors.hpp).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "data/resize_taps.hpp"
#include "data/vectors.hpp"

namespace fastbox::data {

/// What each output pixel of one pass takes from the input: input pixels first .. first + taps - 1, with fixed-point
/// weights of weight_bits, 0 where it takes fewer. Weights lie between -1.9 and 1.9.
struct Taps {
  int taps = 0;                      ///< a multiple of 4
  std::vector<int> first, used;      ///< by output pixel; used <= taps
  std::vector<std::int32_t> weight;  ///< [output][taps]

  std::size_t size() const { return first.size(); }
  const std::int32_t* weights_of(std::size_t output) const {
    return weight.data() + output * static_cast<std::size_t>(taps);
  }
};

/// The numbers of a vector, where it loads them fastest.
struct alignas(64) VectorBytes {
  std::uint8_t bytes[64];
};

/// Weights in the order and the parts in which resize_row's vectors take them.
struct PackedTaps {
  Vectors vectors = Vectors::none;
  std::vector<int> window;           ///< by neighbouring outputs that read the same bytes: the first of these
  std::vector<VectorBytes> numbers;  ///< by vector of outputs: where in the window its taps lie, then their weights
};

/// Of one channel of a row.
constexpr std::size_t plane_bytes(std::size_t width) {
  return (width + 63) / 64 * 64;
}

/// Bytes beyond a row's three planes that resize_row may read, for so many taps.
constexpr std::size_t row_slack(int taps) {
  return 64 + static_cast<std::size_t>(taps);
}

/// RGB pixels to planes. Beyond the row's end it writes zeros or nothing.
void split_row(const std::uint8_t* rgb, std::size_t width, std::uint8_t* planes, Vectors most = Vectors::avx512);

/// Readies `packed` for resize_row.
void pack(const Taps& taps, PackedTaps& packed, Vectors most = Vectors::avx512);

/// The horizontal pass: planes of `width` pixels at `in`, with row_slack(taps.taps) bytes behind them, to planes of
/// taps.size() pixels at `out`. Beyond the row's end it writes zeros or nothing.
void resize_row(const std::uint8_t* in, std::size_t width, const Taps& taps, const PackedTaps& packed,
                std::uint8_t* out);

using RowSums = std::array<std::uint64_t, 3>;  ///< of a row's channels

/// The vertical pass: out[x] = the weighted sum of rows[i][x], over all of three planes of `plane` bytes. Gives the sums
/// of the result.
RowSums mix_rows(std::span<const std::uint8_t* const> rows, const std::int32_t* weight, std::size_t plane,
                 std::uint8_t* out, Vectors most = Vectors::avx512);

}  // namespace fastbox::data
