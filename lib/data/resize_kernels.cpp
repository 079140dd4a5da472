#include "data/resize_kernels.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "base/vector_clones.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace fastbox::data {
namespace {

void resize_pixels(const std::uint8_t* in, const Taps& taps, std::size_t begin, std::size_t end, std::uint8_t* out) {
  for (std::size_t o = begin; o < end; ++o) {
    const std::int32_t* weight = taps.weights_of(o);
    const std::uint8_t* pixel = in + 3 * taps.first[o];
    std::int32_t r = fixed_half, g = fixed_half, b = fixed_half;
    for (int i = 0; i < taps.used[o]; ++i, pixel += 3) {
      r += pixel[0] * weight[i];
      g += pixel[1] * weight[i];
      b += pixel[2] * weight[i];
    }
    out[3 * o] = fixed_to_byte(r), out[3 * o + 1] = fixed_to_byte(g), out[3 * o + 2] = fixed_to_byte(b);
  }
}

void mix_bytes(std::span<const std::uint8_t* const> rows, const std::int32_t* weight, std::size_t begin,
               std::size_t end, std::uint8_t* out) {
  for (std::size_t x = begin; x < end; ++x) {
    std::int32_t sum = fixed_half;
    for (std::size_t i = 0; i < rows.size(); ++i) sum += rows[i][x] * weight[i];
    out[x] = fixed_to_byte(sum);
  }
}

FASTBOX_VECTOR_CLONES void add_row(const std::uint8_t* row, std::size_t width, std::uint32_t* sums) {
  for (std::size_t x = 0; x < width; ++x) sums[x] += row[x];
}

#if defined(__x86_64__)
#if defined(__GNUC__) && !defined(__clang__)
// GCC 12's own headers leave what a mask does not write unset, and GCC 12 warns of it.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

// A weight has 23 bits and a sign; a multiplication of 16 bits that adds pairs up is the fast one. So a weight goes as
// upper * 2^11 + lower, and the sum is put together at the end, exactly.
constexpr int lower_bits = 11;
constexpr int all_four = 0x55;  // for a shuffle: times i, element i to all four places

const std::int16_t* first_weight(const Taps& taps, const PackedTaps& packed) {
  return packed.halves.data() + packed.vector_begin * static_cast<std::size_t>(2 * taps.taps);
}

/// Bytes of a vector's 16 that are taps 0 and 1 (or, with 6 as offset, 2 and 3) of R, G, B and nothing, as 16-bit
/// numbers.
__attribute__((target("avx2"), always_inline)) inline __m128i pairs_at(char offset) {
  const auto at = [offset](int i) { return static_cast<char>(offset + i); };
  return _mm_setr_epi8(at(0), -1, at(3), -1, at(1), -1, at(4), -1, at(2), -1, at(5), -1, -1, -1, -1, -1);
}

/// Two output pixels, one in each half of a vector; four of their taps at a time.
__attribute__((target("avx2"))) void resize_row_avx2(const std::uint8_t* in, const Taps& taps, const PackedTaps& packed,
                                                     std::uint8_t* out) {
  const __m256i taps01 = _mm256_broadcastsi128_si256(pairs_at(0)), taps23 = _mm256_broadcastsi128_si256(pairs_at(6));
  const std::int16_t* weight = first_weight(taps, packed);
  for (std::size_t o = packed.vector_begin; o < packed.vector_end; o += 2) {
    const std::uint8_t *left = in + 3 * taps.first[o], *right = in + 3 * taps.first[o + 1];
    __m256i upper = _mm256_setzero_si256(), lower = _mm256_set1_epi32(fixed_half);
    for (int tap = 0; tap < taps.taps; tap += 4, left += 12, right += 12, weight += 16) {
      const __m256i bytes =
          _mm256_loadu2_m128i(reinterpret_cast<const __m128i*>(right), reinterpret_cast<const __m128i*>(left));
      const __m256i a = _mm256_shuffle_epi8(bytes, taps01), b = _mm256_shuffle_epi8(bytes, taps23);
      const __m256i weights = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weight));
      upper = _mm256_add_epi32(upper, _mm256_madd_epi16(a, _mm256_shuffle_epi32(weights, 0 * all_four)));
      lower = _mm256_add_epi32(lower, _mm256_madd_epi16(a, _mm256_shuffle_epi32(weights, 1 * all_four)));
      upper = _mm256_add_epi32(upper, _mm256_madd_epi16(b, _mm256_shuffle_epi32(weights, 2 * all_four)));
      lower = _mm256_add_epi32(lower, _mm256_madd_epi16(b, _mm256_shuffle_epi32(weights, 3 * all_four)));
    }
    __m256i sum = _mm256_srai_epi32(_mm256_add_epi32(_mm256_slli_epi32(upper, lower_bits), lower), weight_bits);
    sum = _mm256_packus_epi16(_mm256_packs_epi32(sum, sum), sum);
    const int first = _mm256_extract_epi32(sum, 0), second = _mm256_extract_epi32(sum, 4);
    std::memcpy(out + 3 * o, &first, 4);  // the fourth byte is the next pixel's, which comes after
    std::memcpy(out + 3 * o + 3, &second, 4);
  }
}

/// The same with four output pixels.
__attribute__((target("avx512f,avx512bw"))) void resize_row_avx512(const std::uint8_t* in, const Taps& taps,
                                                                   const PackedTaps& packed, std::uint8_t* out) {
  const __m512i taps01 = _mm512_broadcast_i32x4(pairs_at(0)), taps23 = _mm512_broadcast_i32x4(pairs_at(6));
  const __m512i firsts = _mm512_setr_epi32(0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  const __m128i without_gaps = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
  const std::int16_t* weight = first_weight(taps, packed);
  for (std::size_t o = packed.vector_begin; o < packed.vector_end; o += 4) {
    const __m128i* at[4];
    for (std::size_t i = 0; i < 4; ++i) at[i] = reinterpret_cast<const __m128i*>(in + 3 * taps.first[o + i]);
    __m512i upper = _mm512_setzero_si512(), lower = _mm512_set1_epi32(fixed_half);
    for (int tap = 0; tap < taps.taps; tap += 4, weight += 32) {
      const __m512i bytes = _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_loadu2_m128i(at[1], at[0])),
                                               _mm256_loadu2_m128i(at[3], at[2]), 1);
      for (auto& one : at) one = reinterpret_cast<const __m128i*>(reinterpret_cast<const std::uint8_t*>(one) + 12);
      const __m512i a = _mm512_shuffle_epi8(bytes, taps01), b = _mm512_shuffle_epi8(bytes, taps23);
      const __m512i weights = _mm512_loadu_si512(weight);
      const auto element = [&weights](auto which) __attribute__((target("avx512f,avx512bw"), always_inline)) {
        return _mm512_shuffle_epi32(weights, static_cast<_MM_PERM_ENUM>(which() * all_four));
      };
      upper = _mm512_add_epi32(upper, _mm512_madd_epi16(a, element(std::integral_constant<int, 0>())));
      lower = _mm512_add_epi32(lower, _mm512_madd_epi16(a, element(std::integral_constant<int, 1>())));
      upper = _mm512_add_epi32(upper, _mm512_madd_epi16(b, element(std::integral_constant<int, 2>())));
      lower = _mm512_add_epi32(lower, _mm512_madd_epi16(b, element(std::integral_constant<int, 3>())));
    }
    __m512i sum = _mm512_srai_epi32(_mm512_add_epi32(_mm512_slli_epi32(upper, lower_bits), lower), weight_bits);
    sum = _mm512_packus_epi16(_mm512_packs_epi32(sum, sum), sum);
    const __m128i pixels = _mm512_castsi512_si128(_mm512_permutexvar_epi32(firsts, sum));
    // Four bytes too many: the next pixels' or the row's padding.
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 3 * o), _mm_shuffle_epi8(pixels, without_gaps));
  }
}

__attribute__((target("avx512f"))) std::size_t mix_rows_avx512(std::span<const std::uint8_t* const> rows,
                                                               const std::int32_t* weight, std::size_t width,
                                                               std::uint8_t* out) {
  std::size_t x = 0;
  for (; x + 64 <= width; x += 64) {
    __m512i sum[4];
    for (auto& part : sum) part = _mm512_set1_epi32(fixed_half);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const __m512i factor = _mm512_set1_epi32(weight[i]);
      for (std::size_t part = 0; part < 4; ++part) {
        const auto* at = reinterpret_cast<const __m128i*>(rows[i] + x + 16 * part);
        sum[part] = _mm512_add_epi32(sum[part], _mm512_mullo_epi32(_mm512_cvtepu8_epi32(_mm_loadu_si128(at)), factor));
      }
    }
    for (std::size_t part = 0; part < 4; ++part) {
      const __m512i positive = _mm512_max_epi32(_mm512_srai_epi32(sum[part], weight_bits), _mm512_setzero_si512());
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + x + 16 * part), _mm512_cvtusepi32_epi8(positive));
    }
  }
  return x;
}

__attribute__((target("avx2"))) std::size_t mix_rows_avx2(std::span<const std::uint8_t* const> rows,
                                                          const std::int32_t* weight, std::size_t width,
                                                          std::uint8_t* out) {
  std::size_t x = 0;
  for (; x + 32 <= width; x += 32) {
    __m256i sum[4];
    for (auto& part : sum) part = _mm256_set1_epi32(fixed_half);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const __m256i factor = _mm256_set1_epi32(weight[i]);
      for (std::size_t part = 0; part < 4; ++part) {
        const auto* at = reinterpret_cast<const __m128i*>(rows[i] + x + 8 * part);
        sum[part] = _mm256_add_epi32(sum[part], _mm256_mullo_epi32(_mm256_cvtepu8_epi32(_mm_loadl_epi64(at)), factor));
      }
    }
    for (auto& part : sum) part = _mm256_srai_epi32(part, weight_bits);
    const __m256i bytes = _mm256_packus_epi16(_mm256_packs_epi32(sum[0], sum[1]), _mm256_packs_epi32(sum[2], sum[3]));
    const __m256i in_order = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + x), in_order);
  }
  return x;
}
#endif

/// Output pixels that a vector of this processor takes: 4 with AVX-512, 2 with AVX2, else 0.
std::size_t best_lanes() {
#if defined(__x86_64__)
  static const std::size_t lanes = __builtin_cpu_supports("avx512bw") ? 4 : __builtin_cpu_supports("avx2") ? 2 : 0;
  return lanes;
#else
  return 0;
#endif
}

}  // namespace

void pack(const Taps& taps, int row_pixels, PackedTaps& packed, std::size_t most_lanes) {
  packed.vector_begin = packed.vector_end = 0;
  packed.lanes = std::min(best_lanes(), most_lanes);
#if defined(__x86_64__)
  if (packed.lanes == 0) return;
  const auto inside = [&](std::size_t o) { return 3 * taps.first[o] + 3 * taps.taps + 4 <= 3 * row_pixels; };
  // Firsts only rise, or in a mirrored picture only fall: what is outside lies at one end.
  std::size_t begin = 0, end = taps.size();
  while (begin < end && !inside(begin)) begin += packed.lanes;
  begin = std::min(begin, end);
  while (end > begin && !inside(end - 1)) --end;
  end -= (end - begin) % packed.lanes;
  packed.vector_begin = begin, packed.vector_end = end;

  const auto blocks = static_cast<std::size_t>(taps.taps / 4);
  packed.halves.resize((taps.size() + packed.lanes) * blocks * 8);
  for (std::size_t o = begin; o < end; ++o)
    for (std::size_t block = 0; block < blocks; ++block) {
      std::int16_t* to =
          packed.halves.data() + ((o / packed.lanes * blocks + block) * packed.lanes + o % packed.lanes) * 8;
      for (std::size_t tap = 0; tap < 4; ++tap) {
        const std::int32_t weight = taps.weights_of(o)[4 * block + tap];
        to[tap / 2 * 4 + tap % 2] = static_cast<std::int16_t>(weight >> lower_bits);
        to[tap / 2 * 4 + 2 + tap % 2] = static_cast<std::int16_t>(weight & ((1 << lower_bits) - 1));
      }
    }
#else
  static_cast<void>(taps), static_cast<void>(row_pixels), static_cast<void>(most_lanes);
#endif
}

void resize_row(const std::uint8_t* in, const Taps& taps, const PackedTaps& packed, std::uint8_t* out) {
#if defined(__x86_64__)
  if (packed.lanes == 4) resize_row_avx512(in, taps, packed, out);
  if (packed.lanes == 2) resize_row_avx2(in, taps, packed, out);
#endif
  resize_pixels(in, taps, 0, packed.vector_begin, out);
  resize_pixels(in, taps, packed.vector_end, taps.size(), out);
}

void mix_rows(std::span<const std::uint8_t* const> rows, const std::int32_t* weight, std::size_t width,
              std::uint8_t* out, std::uint32_t* column_sums, std::size_t most_lanes) {
  std::size_t done = 0;
#if defined(__x86_64__)
  const std::size_t lanes = std::min(best_lanes(), most_lanes);
  if (lanes == 4) done = mix_rows_avx512(rows, weight, width, out);
  if (lanes == 2) done = mix_rows_avx2(rows, weight, width, out);
#else
  static_cast<void>(most_lanes);
#endif
  mix_bytes(rows, weight, done, width, out);
  add_row(out, width, column_sums);
}

}  // namespace fastbox::data
