#include "data/resize_kernels.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace fastbox::data {
namespace {

void split_pixels(const std::uint8_t* rgb, std::size_t begin, std::size_t width, std::uint8_t* planes) {
  const std::size_t plane = plane_bytes(width);
  for (std::size_t x = begin; x < width; ++x)
    for (std::size_t c = 0; c < 3; ++c) planes[c * plane + x] = rgb[3 * x + c];
}

void resize_pixels(const std::uint8_t* in, std::size_t in_plane, const Taps& taps, std::uint8_t* out,
                   std::size_t out_plane) {
  for (std::size_t o = 0; o < taps.size(); ++o) {
    const std::int32_t* weight = taps.weights_of(o);
    const std::uint8_t* pixel = in + taps.first[o];
    std::int32_t r = fixed_half, g = fixed_half, b = fixed_half;
    for (int i = 0; i < taps.used[o]; ++i, ++pixel) {
      r += pixel[0] * weight[i];
      g += pixel[in_plane] * weight[i];
      b += pixel[2 * in_plane] * weight[i];
    }
    out[o] = fixed_to_byte(r), out[out_plane + o] = fixed_to_byte(g), out[2 * out_plane + o] = fixed_to_byte(b);
  }
}

/// Bytes begin .. end of the rows; gives their sum.
std::uint64_t mix_plane(std::span<const std::uint8_t* const> rows, const std::int32_t* weight, std::size_t begin,
                        std::size_t end, std::uint8_t* out) {
  std::uint64_t total = 0;
  for (std::size_t x = begin; x < end; ++x) {
    std::int32_t sum = fixed_half;
    for (std::size_t i = 0; i < rows.size(); ++i) sum += rows[i][x] * weight[i];
    out[x] = fixed_to_byte(sum);
    total += out[x];
  }
  return total;
}

#if defined(__x86_64__)
#if defined(__GNUC__) && !defined(__clang__)
// GCC 12's own headers leave what a mask does not write unset, and GCC 12 warns of it.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

// A weight has 23 bits and a sign, too many for a fast multiplication. So it goes in parts, each part's products are
// added up by themselves, and the sum is put together at the end, exactly (modulo 2^32, which no sum reaches).
//
//   AVX2     two halves, upper * 2^11 + lower, for multiplications of 16 bits that add up pairs of taps
//   AVX-512  three signed digits to the base of 2^8, for dot products of bytes over four taps

constexpr int lower_bits = 11;

struct Halves {
  std::int32_t upper, lower;
};

Halves halves_of(std::int32_t weight) {
  return {weight >> lower_bits, weight & ((1 << lower_bits) - 1)};
}

using Digits = std::array<std::int8_t, 3>;  // the last one counts most

Digits digits_of(std::int32_t weight) {
  Digits digits;
  for (auto& digit : digits) {
    digit = static_cast<std::int8_t>(weight & 255);
    weight = (weight - digit) >> 8;
  }
  return digits;
}

/// How resize_row's vectors divide their work.
struct Shape {
  std::size_t outputs, shared;  // outputs of a vector; and those among them that read the same window
  int window, together;         // bytes of a window; taps that one multiplication adds up
  std::size_t bytes;            // of a vector
  int parts;                    // of a weight
};

constexpr Shape avx2_shape{8, 4, 16, 2, 32, 2}, avx512_shape{16, 16, 64, 4, 64, 3};

/// False where windows are too small for the picture's scale.
bool set_windows(const Taps& taps, const Shape& shape, std::vector<int>& window) {
  window.clear();
  for (std::size_t o = 0; o < taps.size(); o += shape.shared) {
    const auto begin = taps.first.begin() + static_cast<std::ptrdiff_t>(o);
    const auto count = static_cast<std::ptrdiff_t>(std::min(shape.shared, taps.size() - o));
    const auto [least, most] = std::minmax_element(begin, begin + count);
    if (*most - *least + shape.together > shape.window) return false;
    window.push_back(*least);
  }
  // A vector has all its windows, also where the row ends within it.
  while (window.size() % (shape.outputs / shape.shared) != 0) window.push_back(0);
  return true;
}

void pack_output_avx2(const Taps& taps, std::size_t o, int at, std::uint8_t* lane) {
  constexpr char nothing = -1;
  const char places[] = {static_cast<char>(at), nothing, static_cast<char>(at + 1), nothing};
  std::memcpy(lane, places, sizeof places);
  for (int tap = 0; tap < taps.taps; tap += 2) {
    const Halves one = halves_of(taps.weights_of(o)[tap]), two = halves_of(taps.weights_of(o)[tap + 1]);
    const std::int16_t upper[] = {static_cast<std::int16_t>(one.upper), static_cast<std::int16_t>(two.upper)};
    const std::int16_t lower[] = {static_cast<std::int16_t>(one.lower), static_cast<std::int16_t>(two.lower)};
    std::memcpy(lane += avx2_shape.bytes, upper, sizeof upper);
    std::memcpy(lane += avx2_shape.bytes, lower, sizeof lower);
  }
}

void pack_output_avx512(const Taps& taps, std::size_t o, int at, std::uint8_t* lane) {
  for (int i = 0; i < 4; ++i) lane[i] = static_cast<std::uint8_t>(at + i);
  lane += avx512_shape.bytes;
  for (int tap = 0; tap < taps.taps; tap += 4, lane += 3 * avx512_shape.bytes)
    for (std::size_t i = 0; i < 4; ++i) {
      const Digits digits = digits_of(taps.weights_of(o)[static_cast<std::size_t>(tap) + i]);
      for (std::size_t part = 0; part < 3; ++part)
        lane[part * avx512_shape.bytes + i] = static_cast<std::uint8_t>(digits[part]);
    }
}

FASTBOX_AVX2 void resize_plane_avx2(const std::uint8_t* in, const Taps& taps, const PackedTaps& packed,
                                    std::uint8_t* out) {
  const auto* number = reinterpret_cast<const __m256i*>(packed.numbers.data());
  const int* window = packed.window.data();
  for (std::size_t o = 0; o < taps.size(); o += 8, window += 2) {
    const __m256i places = _mm256_loadu_si256(number++);
    const std::uint8_t *left = in + window[0], *right = in + window[1];
    __m256i upper = _mm256_setzero_si256(), lower = _mm256_set1_epi32(fixed_half);
    for (int tap = 0; tap < taps.taps; tap += 2, left += 2, right += 2, number += 2) {
      const __m256i bytes =
          _mm256_loadu2_m128i(reinterpret_cast<const __m128i*>(right), reinterpret_cast<const __m128i*>(left));
      const __m256i pair = _mm256_shuffle_epi8(bytes, places);
      upper = _mm256_add_epi32(upper, _mm256_madd_epi16(pair, _mm256_loadu_si256(number)));
      lower = _mm256_add_epi32(lower, _mm256_madd_epi16(pair, _mm256_loadu_si256(number + 1)));
    }
    const __m256i sum = _mm256_srai_epi32(_mm256_add_epi32(_mm256_slli_epi32(upper, lower_bits), lower), weight_bits);
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out + o), _mm_packus_epi16(words, words));
  }
}

/// 16 sums of digits put together, as bytes.
FASTBOX_AVX512 __attribute__((always_inline)) inline __m512i whole(const __m512i (&digit)[3]) {
  const __m512i upper = _mm512_add_epi32(_mm512_slli_epi32(digit[2], 16), _mm512_slli_epi32(digit[1], 8));
  return _mm512_srai_epi32(_mm512_add_epi32(upper, digit[0]), weight_bits);
}

/// All three planes at once: they share places and weights.
FASTBOX_AVX512 void resize_row_avx512(const std::uint8_t* in, std::size_t in_plane, const Taps& taps,
                                      const PackedTaps& packed, std::uint8_t* out, std::size_t out_plane) {
  const std::uint8_t* number = packed.numbers.front().bytes;
  const int* window = packed.window.data();
  for (std::size_t o = 0; o < taps.size(); o += 16, ++window) {
    const __m512i places = _mm512_loadu_si512(number);
    number += 64;
    __m512i sum[3][3];
    for (auto& channel : sum)
      channel[0] = _mm512_set1_epi32(fixed_half), channel[1] = channel[2] = _mm512_setzero_si512();
    const std::uint8_t* at = in + *window;
    for (int tap = 0; tap < taps.taps; tap += 4, at += 4, number += 192)
      for (std::size_t c = 0; c < 3; ++c) {
        const __m512i four = _mm512_permutexvar_epi8(places, _mm512_loadu_si512(at + c * in_plane));
        for (std::size_t part = 0; part < 3; ++part)
          sum[c][part] = _mm512_dpbusd_epi32(sum[c][part], four, _mm512_loadu_si512(number + 64 * part));
      }
    for (std::size_t c = 0; c < 3; ++c) {
      const __m512i positive = _mm512_max_epi32(whole(sum[c]), _mm512_setzero_si512());
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + c * out_plane + o), _mm512_cvtusepi32_epi8(positive));
    }
  }
}

/// Rows whose bytes one multiplication adds up, and their weights: each part's are next to each other.
template <std::size_t Rows, std::size_t Parts>
struct Together {
  const std::uint8_t* row[Rows];
  std::int32_t weight[Parts];
};

constexpr std::size_t most_rows = 128;  // more are mixed without vectors
using Pairs = std::array<Together<2, 2>, most_rows / 2>;
using Fours = std::array<Together<4, 3>, most_rows / 4>;

/// Gives their number. Where rows are missing from the last, a row takes their place, with no weight.
std::size_t set_pairs(std::span<const std::uint8_t* const> rows, const std::int32_t* weight, Pairs& pairs) {
  const std::size_t count = (rows.size() + 1) / 2;
  for (std::size_t i = 0; i < 2 * count; ++i) {
    const bool is_there = i < rows.size();
    const Halves halves = halves_of(is_there ? weight[i] : 0);
    auto& pair = pairs[i / 2];
    pair.row[i % 2] = rows[is_there ? i : 0];
    const std::int16_t words[] = {static_cast<std::int16_t>(halves.upper), static_cast<std::int16_t>(halves.lower)};
    for (std::size_t part = 0; part < 2; ++part)
      std::memcpy(reinterpret_cast<char*>(&pair.weight[part]) + 2 * (i % 2), &words[part], 2);
  }
  return count;
}

std::size_t set_fours(std::span<const std::uint8_t* const> rows, const std::int32_t* weight, Fours& fours) {
  const std::size_t count = (rows.size() + 3) / 4;
  for (std::size_t i = 0; i < 4 * count; ++i) {
    const bool is_there = i < rows.size();
    const Digits digits = digits_of(is_there ? weight[i] : 0);
    auto& four = fours[i / 4];
    four.row[i % 4] = rows[is_there ? i : 0];
    for (std::size_t part = 0; part < 3; ++part)
      std::memcpy(reinterpret_cast<char*>(&four.weight[part]) + i % 4, &digits[part], 1);
  }
  return count;
}

FASTBOX_AVX2 std::uint64_t mix_plane_avx2(const Pairs& pairs, std::size_t count, std::size_t begin, std::size_t end,
                                          std::uint8_t* out) {
  const __m256i zero = _mm256_setzero_si256();
  __m256i total = zero;
  for (std::size_t x = begin; x < end; x += 32) {
    __m256i upper[4], lower[4];
    for (auto& part : upper) part = zero;
    for (auto& part : lower) part = _mm256_set1_epi32(fixed_half);
    for (std::size_t i = 0; i < count; ++i) {
      const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(pairs[i].row[0] + x));
      const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(pairs[i].row[1] + x));
      const __m256i low = _mm256_unpacklo_epi8(a, b), high = _mm256_unpackhi_epi8(a, b);
      const __m256i both[] = {_mm256_unpacklo_epi8(low, zero), _mm256_unpackhi_epi8(low, zero),
                              _mm256_unpacklo_epi8(high, zero), _mm256_unpackhi_epi8(high, zero)};
      const __m256i uppers = _mm256_set1_epi32(pairs[i].weight[0]), lowers = _mm256_set1_epi32(pairs[i].weight[1]);
      for (std::size_t k = 0; k < 4; ++k) {
        upper[k] = _mm256_add_epi32(upper[k], _mm256_madd_epi16(both[k], uppers));
        lower[k] = _mm256_add_epi32(lower[k], _mm256_madd_epi16(both[k], lowers));
      }
    }
    for (std::size_t k = 0; k < 4; ++k)
      lower[k] = _mm256_srai_epi32(_mm256_add_epi32(_mm256_slli_epi32(upper[k], lower_bits), lower[k]), weight_bits);
    const __m256i mixed =
        _mm256_packus_epi16(_mm256_packs_epi32(lower[0], lower[1]), _mm256_packs_epi32(lower[2], lower[3]));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + x), mixed);
    total = _mm256_add_epi64(total, _mm256_sad_epu8(mixed, zero));
  }
  std::uint64_t sums[4];
  std::memcpy(sums, &total, sizeof sums);
  return sums[0] + sums[1] + sums[2] + sums[3];
}

FASTBOX_AVX512 std::uint64_t mix_plane_avx512(const Fours& fours, std::size_t count, std::size_t begin, std::size_t end,
                                              std::uint8_t* out) {
  const __m512i zero = _mm512_setzero_si512();
  __m512i total = zero;
  for (std::size_t x = begin; x < end; x += 64) {
    __m512i sum[4][3];
    for (auto& part : sum) part[0] = _mm512_set1_epi32(fixed_half), part[1] = part[2] = zero;
    for (std::size_t i = 0; i < count; ++i) {
      const auto& row = fours[i].row;
      const __m512i a = _mm512_loadu_si512(row[0] + x), b = _mm512_loadu_si512(row[1] + x);
      const __m512i c = _mm512_loadu_si512(row[2] + x), d = _mm512_loadu_si512(row[3] + x);
      const __m512i low_ab = _mm512_unpacklo_epi8(a, b), high_ab = _mm512_unpackhi_epi8(a, b);
      const __m512i low_cd = _mm512_unpacklo_epi8(c, d), high_cd = _mm512_unpackhi_epi8(c, d);
      const __m512i all[] = {_mm512_unpacklo_epi16(low_ab, low_cd), _mm512_unpackhi_epi16(low_ab, low_cd),
                             _mm512_unpacklo_epi16(high_ab, high_cd), _mm512_unpackhi_epi16(high_ab, high_cd)};
      for (std::size_t part = 0; part < 3; ++part) {
        const __m512i weights = _mm512_set1_epi32(fours[i].weight[part]);
        for (std::size_t k = 0; k < 4; ++k) sum[k][part] = _mm512_dpbusd_epi32(sum[k][part], all[k], weights);
      }
    }
    const __m512i mixed = _mm512_packus_epi16(_mm512_packs_epi32(whole(sum[0]), whole(sum[1])),
                                              _mm512_packs_epi32(whole(sum[2]), whole(sum[3])));
    _mm512_storeu_si512(out + x, mixed);
    total = _mm512_add_epi64(total, _mm512_sad_epu8(mixed, zero));
  }
  return static_cast<std::uint64_t>(_mm512_reduce_add_epi64(total));
}

/// 64 pixels at a time.
FASTBOX_AVX512 void split_row_avx512(const std::uint8_t* rgb, std::size_t width, std::uint8_t* planes) {
  struct Places {
    std::uint8_t at[64];           // by pixel: in its vector of RGB
    std::uint64_t from_vector[3];  // the pixels that it holds, as a mask
  };
  static constexpr auto places = [] {  // by channel
    std::array<Places, 3> result{};
    for (std::size_t c = 0; c < 3; ++c)
      for (std::size_t i = 0; i < 64; ++i) {
        result[c].at[i] = static_cast<std::uint8_t>((3 * i + c) % 64);
        result[c].from_vector[(3 * i + c) / 64] |= std::uint64_t{1} << i;
      }
    return result;
  }();
  const std::size_t plane = plane_bytes(width);
  for (std::size_t x = 0; x < width; x += 64) {
    __m512i bytes[3];
    for (std::size_t v = 0; v < 3; ++v) {
      const std::size_t begin = 3 * x + 64 * v, left = 3 * width - std::min(begin, 3 * width);
      const __mmask64 there = left >= 64 ? ~__mmask64{0} : (__mmask64{1} << left) - 1;
      bytes[v] = _mm512_maskz_loadu_epi8(there, rgb + begin);
    }
    for (std::size_t c = 0; c < 3; ++c) {
      const __m512i at = _mm512_loadu_si512(places[c].at);
      __m512i channel = _mm512_permutexvar_epi8(at, bytes[0]);
      channel = _mm512_mask_permutexvar_epi8(channel, places[c].from_vector[1], at, bytes[1]);
      channel = _mm512_mask_permutexvar_epi8(channel, places[c].from_vector[2], at, bytes[2]);
      _mm512_storeu_si512(planes + c * plane + x, channel);
    }
  }
}

/// 16 pixels at a time. Gives the first pixel that is left.
FASTBOX_AVX2 std::size_t split_row_avx2(const std::uint8_t* rgb, std::size_t width, std::uint8_t* planes) {
  static constexpr auto places = [] {  // [channel][vector of RGB]; 255: not in this one
    std::array<std::array<std::array<std::uint8_t, 16>, 3>, 3> result{};
    for (std::size_t c = 0; c < 3; ++c)
      for (std::size_t v = 0; v < 3; ++v)
        for (std::size_t i = 0; i < 16; ++i)
          result[c][v][i] = static_cast<std::uint8_t>((3 * i + c) / 16 == v ? (3 * i + c) % 16 : 255);
    return result;
  }();
  const std::size_t plane = plane_bytes(width);
  std::size_t x = 0;
  for (; x + 16 <= width; x += 16)
    for (std::size_t c = 0; c < 3; ++c) {
      __m128i channel = _mm_setzero_si128();
      for (std::size_t v = 0; v < 3; ++v) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(rgb + 3 * x + 16 * v));
        const __m128i at = _mm_loadu_si128(reinterpret_cast<const __m128i*>(places[c][v].data()));
        channel = _mm_or_si128(channel, _mm_shuffle_epi8(bytes, at));
      }
      _mm_storeu_si128(reinterpret_cast<__m128i*>(planes + c * plane + x), channel);
    }
  return x;
}
#endif

}  // namespace

void split_row(const std::uint8_t* rgb, std::size_t width, std::uint8_t* planes, Vectors most) {
  std::size_t done = 0;
#if defined(__x86_64__)
  const Vectors vectors = usable_vectors(most);
  if (vectors == Vectors::avx512) return split_row_avx512(rgb, width, planes);
  if (vectors == Vectors::avx2) done = split_row_avx2(rgb, width, planes);
#else
  static_cast<void>(most);
#endif
  split_pixels(rgb, done, width, planes);
}

void pack(const Taps& taps, PackedTaps& packed, Vectors most) {
  packed.vectors = usable_vectors(most);
#if defined(__x86_64__)
  if (packed.vectors == Vectors::avx512 && !set_windows(taps, avx512_shape, packed.window))
    packed.vectors = Vectors::avx2;
  if (packed.vectors == Vectors::avx2 && !set_windows(taps, avx2_shape, packed.window)) packed.vectors = Vectors::none;
  if (packed.vectors == Vectors::none) return;
  const bool wide = packed.vectors == Vectors::avx512;
  const Shape& shape = wide ? avx512_shape : avx2_shape;
  const std::size_t vectors = (taps.size() + shape.outputs - 1) / shape.outputs;
  const auto steps = static_cast<std::size_t>(taps.taps / shape.together * shape.parts);
  const std::size_t each = (1 + steps) * shape.bytes;
  packed.numbers.assign((vectors * each + 63) / 64, {});
  for (std::size_t o = 0; o < taps.size(); ++o) {
    std::uint8_t* lane = packed.numbers.front().bytes + o / shape.outputs * each + o % shape.outputs * 4;
    const int at = taps.first[o] - packed.window[o / shape.shared];
    if (wide)
      pack_output_avx512(taps, o, at, lane);
    else
      pack_output_avx2(taps, o, at, lane);
  }
#else
  static_cast<void>(taps);
#endif
}

void resize_row(const std::uint8_t* in, std::size_t width, const Taps& taps, const PackedTaps& packed,
                std::uint8_t* out) {
  const std::size_t in_plane = plane_bytes(width), out_plane = plane_bytes(taps.size());
#if defined(__x86_64__)
  if (packed.vectors == Vectors::avx512) return resize_row_avx512(in, in_plane, taps, packed, out, out_plane);
  if (packed.vectors == Vectors::avx2) {
    for (std::size_t c = 0; c < 3; ++c) resize_plane_avx2(in + c * in_plane, taps, packed, out + c * out_plane);
    return;
  }
#endif
  resize_pixels(in, in_plane, taps, out, out_plane);
}

RowSums mix_rows(std::span<const std::uint8_t* const> rows, const std::int32_t* weight, std::size_t plane,
                 std::uint8_t* out, Vectors most) {
  RowSums sums;
#if defined(__x86_64__)
  const Vectors vectors = rows.size() <= most_rows ? usable_vectors(most) : Vectors::none;
  if (vectors == Vectors::avx512) {
    Fours fours;
    const std::size_t count = set_fours(rows, weight, fours);
    for (std::size_t c = 0; c < 3; ++c) sums[c] = mix_plane_avx512(fours, count, c * plane, (c + 1) * plane, out);
    return sums;
  }
  if (vectors == Vectors::avx2) {
    Pairs pairs;
    const std::size_t count = set_pairs(rows, weight, pairs);
    for (std::size_t c = 0; c < 3; ++c) sums[c] = mix_plane_avx2(pairs, count, c * plane, (c + 1) * plane, out);
    return sums;
  }
#else
  static_cast<void>(most);
#endif
  for (std::size_t c = 0; c < 3; ++c) sums[c] = mix_plane(rows, weight, c * plane, (c + 1) * plane, out);
  return sums;
}

}  // namespace fastbox::data
