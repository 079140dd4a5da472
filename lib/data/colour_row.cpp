#include "data/colour_row.hpp"

#include <algorithm>

#include "data/augment_kernel.hpp"
#include "data/resize_kernels.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace fastbox::data {
namespace {

constexpr std::size_t block = 256;  // pixels whose doubles stay in the nearest cache

/// A block of pixels, channel by channel.
struct Block {
  double channel[3][block];
};

// Each loop does little and keeps to one type, so that a compiler makes vectors of it.

__attribute__((always_inline)) inline void put_on_curve(const std::uint8_t* bytes, std::size_t count,
                                                        const RowColour& colour, std::size_t c,
                                                        double* __restrict out) {
  const double brightness = colour.brightness, contrast = colour.contrast, mean = colour.mean[c];
  for (std::size_t x = 0; x < count; ++x) out[x] = curve(bytes[x], brightness, contrast, mean);
}

__attribute__((always_inline)) inline void tint(std::size_t count, const RowColour& colour, Block& pixels) {
  double* const __restrict r = pixels.channel[0], * const __restrict g = pixels.channel[1],
                 * const __restrict b = pixels.channel[2];
  const double saturation = colour.saturation, hue = colour.hue;
  for (std::size_t x = 0; x < count; ++x) {
    const Rgb out = tinted({r[x], g[x], b[x]}, saturation, hue);
    r[x] = out.r, g[x] = out.g, b[x] = out.b;
  }
}

__attribute__((always_inline)) inline void colour_pixels(const std::uint8_t* planes, std::size_t width,
                                                         const RowColour& colour, float* __restrict out) {
  const std::size_t plane = plane_bytes(width);
  Block pixels;
  float floats[3][block];
  for (std::size_t begin = 0; begin < width; begin += block, out += 3 * block) {
    const std::size_t count = std::min(block, width - begin);
    for (std::size_t c = 0; c < 3; ++c) {
      const std::uint8_t* const bytes = planes + c * plane + begin;
      if (colour.changes)
        put_on_curve(bytes, count, colour, c, pixels.channel[c]);
      else
        std::copy(bytes, bytes + count, floats[c]);
    }
    if (colour.tints) tint(count, colour, pixels);
    if (colour.changes)
      for (std::size_t c = 0; c < 3; ++c)
        for (std::size_t x = 0; x < count; ++x) floats[c][x] = static_cast<float>(clipped(pixels.channel[c][x], 255));
    for (std::size_t x = 0; x < count; ++x)
      out[3 * x] = floats[0][x], out[3 * x + 1] = floats[1][x], out[3 * x + 2] = floats[2][x];
  }
}

#if defined(__x86_64__)
#if defined(__GNUC__) && !defined(__clang__)
// GCC 12's own headers leave what a mask does not write unset, and GCC 12 warns of it.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

FASTBOX_AVX2 void colour_pixels_avx2(const std::uint8_t* planes, std::size_t width, const RowColour& colour,
                                     float* out) {
  colour_pixels(planes, width, colour, out);
}

// For AVX-512 the same by hand: from bytes to floats without a store between.

#define FASTBOX_AVX512_INLINE FASTBOX_AVX512 __attribute__((always_inline)) inline

/// Of eight pixels, channel by channel.
struct Doubles {
  __m512d r, g, b;
};
struct Floats {
  __m512 r, g, b;
};

FASTBOX_AVX512_INLINE __m512d all(double value) {
  return _mm512_set1_pd(value);
}

/// curve() of the lower eight bytes.
FASTBOX_AVX512_INLINE __m512d curve_of(__m128i bytes, const RowColour& colour, std::size_t c) {
  const __m512d value = _mm512_cvtepi32_pd(_mm256_cvtepu8_epi32(bytes)), mean = all(colour.mean[c]);
  const __m512d off_mean = _mm512_sub_pd(_mm512_add_pd(value, all(colour.brightness)), mean);
  return _mm512_add_pd(_mm512_mul_pd(off_mean, all(colour.contrast)), mean);
}

/// |hue6 - peak|, but from 1 to 2: that less 1, or 2 less that, is a channel's clipped share of the value. Both
/// differences are exact, so it makes none whether one clips before or after them.
FASTBOX_AVX512_INLINE __m512d distance(__m512d hue6, double peak) {
  constexpr int greater_absolute = 0b1011;
  const __m512d at_least_1 = _mm512_range_pd(_mm512_sub_pd(hue6, all(peak)), all(1), greater_absolute);
  return _mm512_min_pd(at_least_1, all(2));
}

/// tinted(), not yet clipped.
FASTBOX_AVX512_INLINE Doubles tinted(const Doubles& in, double saturation_factor, double hue_shift) {
  const __m512d value = _mm512_max_pd(_mm512_max_pd(in.r, in.g), in.b);
  const __m512d range = _mm512_sub_pd(value, _mm512_min_pd(_mm512_min_pd(in.r, in.g), in.b));
  const __mmask8 by_red = _mm512_cmpeq_pd_mask(value, in.r), by_green = _mm512_cmpeq_pd_mask(value, in.g);
  const __mmask8 coloured =
      _mm512_cmp_pd_mask(value, all(0), _CMP_GT_OQ) & _mm512_cmp_pd_mask(range, all(0), _CMP_GT_OQ);
  __m512d difference = _mm512_sub_pd(in.r, in.g);
  difference = _mm512_mask_sub_pd(difference, by_green, in.b, in.r);
  difference = _mm512_mask_sub_pd(difference, by_red, in.g, in.b);
  __m512d offset = _mm512_mask_mov_pd(all(2.0 / 3), by_green, all(1.0 / 3));
  offset = _mm512_mask_mov_pd(offset, by_red, all(0));
  __m512d hue = _mm512_maskz_div_pd(coloured, difference, _mm512_mul_pd(all(6), range));
  hue = _mm512_add_pd(_mm512_add_pd(hue, offset), all(hue_shift));
  const __mmask8 below = _mm512_cmp_pd_mask(hue, all(0), _CMP_LT_OQ);
  const __mmask8 above = _mm512_cmp_pd_mask(hue, all(1), _CMP_GE_OQ);
  hue = _mm512_mask_add_pd(hue, below, hue, all(1));
  hue = _mm512_mask_sub_pd(hue, above, hue, all(1));
  const __m512d hue6 = _mm512_mul_pd(hue, all(6));
  __m512d saturation = _mm512_mul_pd(_mm512_maskz_div_pd(coloured, range, value), all(saturation_factor));
  saturation = _mm512_max_pd(_mm512_min_pd(saturation, all(1)), all(0));
  const __m512d rest = _mm512_sub_pd(all(1), saturation);
  const auto channel = [&](__m512d share) __attribute__((always_inline)) FASTBOX_AVX512 {
    const __m512d part = _mm512_add_pd(rest, _mm512_mul_pd(saturation, share));
    return _mm512_mask_mul_pd(value, coloured, part, value);  // grey: the value
  };
  return {channel(_mm512_sub_pd(distance(hue6, 3), all(1))), channel(_mm512_sub_pd(all(2), distance(hue6, 2))),
          channel(_mm512_sub_pd(all(2), distance(hue6, 4)))};
}

FASTBOX_AVX512_INLINE Doubles coloured(__m128i r, __m128i g, __m128i b, const RowColour& colour) {
  const Doubles on_curve{curve_of(r, colour, 0), curve_of(g, colour, 1), curve_of(b, colour, 2)};
  return colour.tints ? tinted(on_curve, colour.saturation, colour.hue) : on_curve;
}

/// As floats, clipped: 255 is one, so it makes none whether one clips before or after rounding.
FASTBOX_AVX512_INLINE __m512 clipped(__m512d low, __m512d high) {
  const __m512 both = _mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(low)), _mm512_cvtpd_ps(high), 1);
  return _mm512_max_ps(_mm512_min_ps(both, _mm512_set1_ps(255)), _mm512_setzero_ps());
}

FASTBOX_AVX512_INLINE Floats floats_of(__m128i r, __m128i g, __m128i b, const RowColour& colour) {
  if (!colour.changes)
    return {_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(r)), _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(g)),
            _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(b))};
  const Doubles low = coloured(r, g, b, colour);
  const Doubles high = coloured(_mm_unpackhi_epi64(r, r), _mm_unpackhi_epi64(g, g), _mm_unpackhi_epi64(b, b), colour);
  return {clipped(low.r, high.r), clipped(low.g, high.g), clipped(low.b, high.b)};
}

/// Where the floats of a vector of RGB lie among 16 red and 16 green ones, and then among those and 16 blue ones.
struct alignas(64) Places {
  std::int32_t red_green[16], all[16];
};

constexpr std::array<Places, 3> places = [] {
  std::array<Places, 3> result{};
  for (int i = 0; i < 48; ++i) {
    Places& of_vector = result[static_cast<std::size_t>(i / 16)];
    const int pixel = i / 3, channel = i % 3, lane = i % 16;
    of_vector.red_green[lane] = channel == 2 ? 0 : 16 * channel + pixel;
    of_vector.all[lane] = channel == 2 ? 16 + pixel : lane;
  }
  return result;
}();

FASTBOX_AVX512_INLINE __m512 interleaved(const Floats& pixels, const Places& at) {
  const __m512 red_green = _mm512_permutex2var_ps(pixels.r, _mm512_loadu_si512(at.red_green), pixels.g);
  return _mm512_permutex2var_ps(red_green, _mm512_loadu_si512(at.all), pixels.b);
}

FASTBOX_AVX512 void colour_pixels_avx512(const std::uint8_t* planes, std::size_t width, const RowColour& of_image,
                                         float* out) {
  const RowColour colour = of_image;  // a copy, because stores might change the other one
  const std::size_t plane = plane_bytes(width);
  for (std::size_t x = 0; x < width; x += 16) {
    const auto channel = [&](std::size_t c) __attribute__((always_inline)) FASTBOX_AVX512 {
      return _mm_loadu_si128(reinterpret_cast<const __m128i*>(planes + c * plane + x));
    };
    const Floats pixels = floats_of(channel(0), channel(1), channel(2), colour);
    const std::size_t left = 3 * (width - x);
    for (std::size_t v = 0; v < 3; ++v, out += 16) {
      const __m512 vector = interleaved(pixels, places[v]);
      if (left >= 48)
        _mm512_storeu_ps(out, vector);
      else if (left > 16 * v)
        _mm512_mask_storeu_ps(out, static_cast<__mmask16>((1u << std::min<std::size_t>(left - 16 * v, 16)) - 1),
                              vector);
    }
  }
}
#endif

}  // namespace

void colour_row(const std::uint8_t* planes, std::size_t width, const RowColour& colour, float* out, Vectors most) {
#if defined(__x86_64__)
  const Vectors vectors = usable_vectors(most);
  if (vectors == Vectors::avx512) return colour_pixels_avx512(planes, width, colour, out);
  if (vectors == Vectors::avx2) return colour_pixels_avx2(planes, width, colour, out);
#else
  static_cast<void>(most);
#endif
  colour_pixels(planes, width, colour, out);
}

}  // namespace fastbox::data
