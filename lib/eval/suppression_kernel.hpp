// Standard suppression in steps that a GPU can do side by side: rank, overlaps in tiles, walk.
//
// The result is suppress()'s (suppression.hpp), box by box. Candidates are first put in their order, each by counting
// those that come before it. Then bit j of a word says that candidate tile_size * tile + j lies further down than the
// candidate whose word it is and overlaps it by more than the bound. Last, tiles are walked from the surest down:
// within one, each candidate that is still open is kept and closes those that it overlaps; then all the tile's kept
// ones close candidates of the tiles below.
// One source for CPU and GPU: plain functions over memory that the caller owns; no state, so any thread may call them.
// C++17.
#pragma once

#include <cstdint>

#include "base/portable.hpp"
#include "eval/decode_kernel.hpp"

namespace fastbox::eval {

/// Bits of a word.
constexpr int tile_size = 64;

FASTBOX_PORTABLE int tiles_of(int candidates) {
  return (candidates + tile_size - 1) / tile_size;
}

/// Whether candidate a, of confidence ca, comes before b: the surer one, among equals the one of the earlier cell.
FASTBOX_PORTABLE bool comes_before(float ca, int a, float cb, int b) {
  return ca > cb || (ca == cb && a < b);
}

/// Of the cells first, first + step, ...: the candidates that come before this one. `confidences`: NaN where a cell is
/// none.
FASTBOX_PORTABLE int count_before(const float* confidences, int cells, int cell, int first, int step) {
  const float confidence = confidences[cell];
  int count = 0;
  for (int other = first; other < cells; other += step)
    count += comes_before(confidences[other], other, confidence, cell) ? 1 : 0;
  return count;
}

/// The word of `box` about a tile: bits first .. last - 1, for boxes[0 .. last - 1] of that tile.
FASTBOX_PORTABLE std::uint64_t overlap_word(const DecodedBox& box, const DecodedBox* boxes, int first, int last,
                                            double overlap) {
  std::uint64_t word = 0;
  for (int j = first; j < last; ++j)
    if (intersection_over_union(boxes[j], box, false) > overlap) word |= std::uint64_t{1} << j;
  return word;
}

FASTBOX_PORTABLE int lowest_bit(std::uint64_t word) {
#if defined(__CUDA_ARCH__)
  return __ffsll(static_cast<long long>(word)) - 1;
#else
  return __builtin_ctzll(word);
#endif
}

FASTBOX_PORTABLE int count_bits(std::uint64_t word) {
#if defined(__CUDA_ARCH__)
  return __popcll(word);
#else
  return __builtin_popcountll(word);
#endif
}

/// The kept ones of a tile's `count` candidates. `own`: the word of each about this tile; `closed`: by tiles before.
FASTBOX_PORTABLE std::uint64_t kept_of_tile(const std::uint64_t* own, std::uint64_t closed, int count) {
  const std::uint64_t all = count < tile_size ? (std::uint64_t{1} << count) - 1 : ~std::uint64_t{0};
  std::uint64_t open = all & ~closed, kept = 0;
  while (open != 0) {
    const int i = lowest_bit(open);
    kept |= std::uint64_t{1} << i;
    open &= ~((std::uint64_t{1} << i) | own[i]);
  }
  return kept;
}

/// What the kept ones among candidates first .. first + count - 1 of a tile close in another. `words`: of the
/// tile's candidate 0 about that other tile; each next candidate's lies `stride` further.
FASTBOX_PORTABLE std::uint64_t closed_by(const std::uint64_t* words, std::int64_t stride, std::uint64_t kept, int first,
                                         int count) {
  std::uint64_t closed = 0;
  for (int i = first; i < first + count; ++i)
    if ((kept >> i & 1) != 0) closed |= words[i * stride];
  return closed;
}

/// How many of the kept ones come before candidate i of the tile.
FASTBOX_PORTABLE int place_in_tile(std::uint64_t kept, int i) {
  return count_bits(kept & ((std::uint64_t{1} << i) - 1));
}

}  // namespace fastbox::eval
