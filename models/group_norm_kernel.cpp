#include "models/group_norm_kernel.hpp"

#include <algorithm>
#include <type_traits>

#include "base/vector_clones.hpp"
#include "models/vectors.hpp"

namespace fastbox::models {
namespace {

struct Range {
  std::int64_t begin, end;  // pixels
};

FASTBOX_INLINE Range pixels_of(const MapSize& size, std::int64_t block) {
  const std::int64_t begin = block * size.block();
  return {begin, std::min(begin + size.block(), size.pixels)};
}

/// Groups that are worked on together: as many as make whole cache lines of bf16 and keep their sums in registers.
constexpr int tile_groups = 4;

/// work(integral constant of groups, first channel), over all channels: tiles, then what is left group by group.
template <typename Work>
FASTBOX_INLINE void for_tiles(const MapSize& size, const Work& work) {
  std::int64_t c = 0;
  for (; c + tile_groups * channels_per_group <= size.channels; c += tile_groups * channels_per_group)
    work(std::integral_constant<int, tile_groups>{}, c);
  for (; c < size.channels; c += channels_per_group) work(std::integral_constant<int, 1>{}, c);
}

template <int groups, typename Element>
FASTBOX_INLINE void sum(const Element* x, const MapSize& size, std::int64_t block, std::int64_t c, float* sums) {
  const Range range = pixels_of(size, block);
  Floats total[groups] = {}, squares[groups] = {};
  for (std::int64_t at = range.begin * size.channels + c; at < range.end * size.channels; at += size.channels)
    for (int i = 0; i < groups; ++i) {
      Floats value;
      load(x + at + i * channels_per_group, value);
      total[i] += value;
      squares[i] += value * value;
    }
  for (int i = 0; i < groups; ++i) {
    store(total[i], sums + c + i * channels_per_group);
    store(squares[i], sums + size.channels + c + i * channels_per_group);
  }
}

template <int groups, bool activate, bool adds, typename Element>
FASTBOX_INLINE void normalise(const Element* x, const Element* residual, const float* weight, const float* bias,
                              const GroupMoments& moments, const MapSize& size, std::int64_t block, std::int64_t c,
                              Element* y) {
  const Range range = pixels_of(size, block);
  Floats scale[groups], shift[groups];
  for (int i = 0; i < groups; ++i) {
    const std::int64_t group = c / channels_per_group + i;
    load(weight + c + i * channels_per_group, scale[i]);
    load(bias + c + i * channels_per_group, shift[i]);
    scale[i] *= moments.inverse_deviation[group];
    shift[i] -= scale[i] * moments.mean[group];
  }
  for (std::int64_t at = range.begin * size.channels + c; at < range.end * size.channels; at += size.channels)
    for (int i = 0; i < groups; ++i) {
      const std::int64_t here = at + i * channels_per_group;
      Floats value, other;
      load(x + here, value);
      value = value * scale[i] + shift[i];
      if constexpr (adds) {
        load(residual + here, other);
        value += other;
      }
      // Written so that a NaN stays one.
      if constexpr (activate) value = value < 0 ? Floats{} : value;
      store(value, y + here);
    }
}

/// The gradient that a ReLU lets through. `y <= 0` is false for a NaN, whose gradient passes as in LibTorch.
template <bool masks, typename Element>
FASTBOX_INLINE void load_gradient(const Element* gradient, const Element* y, std::int64_t at, Floats& value) {
  load(gradient + at, value);
  if constexpr (masks) {
    Floats output;
    load(y + at, output);
    value = output <= 0 ? Floats{} : value;
  }
}

template <int groups, bool masks, bool keeps, typename Element>
FASTBOX_INLINE void sum_gradient(const Element* gradient, const Element* y, const Element* x,
                                 const GroupMoments& moments, const MapSize& size, std::int64_t block, std::int64_t c,
                                 float* sums, Element* masked) {
  const Range range = pixels_of(size, block);
  const float* mean = moments.mean + c / channels_per_group;
  Floats total[groups] = {}, products[groups] = {};
  for (std::int64_t at = range.begin * size.channels + c; at < range.end * size.channels; at += size.channels)
    for (int i = 0; i < groups; ++i) {
      const std::int64_t here = at + i * channels_per_group;
      Floats g, value;
      load_gradient<masks>(gradient, y, here, g);
      if constexpr (keeps) store(g, masked + here);
      load(x + here, value);
      total[i] += g;
      products[i] += g * (value - mean[i]);
    }
  for (int i = 0; i < groups; ++i) {
    products[i] *= moments.inverse_deviation[c / channels_per_group + i];
    store(total[i], sums + c + i * channels_per_group);
    store(products[i], sums + size.channels + c + i * channels_per_group);
  }
}

template <int groups, bool masks, typename Element>
FASTBOX_INLINE void differentiate(const Element* gradient, const Element* y, const Element* x, const float* weight,
                                  const GradientFactors* factors, const MapSize& size, std::int64_t block,
                                  std::int64_t c, Element* gradient_x) {
  const Range range = pixels_of(size, block);
  Floats scale[groups];
  for (int i = 0; i < groups; ++i) {
    load(weight + c + i * channels_per_group, scale[i]);
    scale[i] *= factors[c / channels_per_group + i].of_gradient;
  }
  for (std::int64_t at = range.begin * size.channels + c; at < range.end * size.channels; at += size.channels)
    for (int i = 0; i < groups; ++i) {
      const std::int64_t here = at + i * channels_per_group;
      const GradientFactors& f = factors[c / channels_per_group + i];
      Floats g, value;
      load_gradient<masks>(gradient, y, here, g);
      load(x + here, value);
      g = g * scale[i] + (value * f.of_x + f.constant);
      store(g, gradient_x + here);
    }
}

}  // namespace

void moments_of(const float* sums, const MapSize& size, const GroupMoments& moments) {
  const auto count = static_cast<double>(size.pixels * channels_per_group);
  for (std::int64_t group = 0; group < size.groups(); ++group) {
    double total = 0, squares = 0;
    for (std::int64_t block = 0; block < size.blocks(); ++block) {
      const float* of_block = sums + block * 2 * size.channels + group * channels_per_group;
      for (int c = 0; c < channels_per_group; ++c) {
        total += of_block[c];
        squares += of_block[size.channels + c];
      }
    }
    const GroupMoment moment = moment_from(total, squares, count);
    moments.mean[group] = moment.mean;
    moments.inverse_deviation[group] = moment.inverse_deviation;
  }
}

void gradient_factors(const double* sums, const float* weight, const GroupMoments& moments, const MapSize& size,
                      GradientFactors* factors) {
  const auto count = static_cast<double>(size.pixels * channels_per_group);
  for (std::int64_t group = 0; group < size.groups(); ++group) {
    double of_gradient = 0, of_products = 0;
    for (std::int64_t c = group * channels_per_group; c < (group + 1) * channels_per_group; ++c) {
      of_gradient += weight[c] * sums[c];
      of_products += weight[c] * sums[size.channels + c];
    }
    factors[group] =
        factors_from(of_gradient, of_products, {moments.mean[group], moments.inverse_deviation[group]}, count);
  }
}

// Each is written for both elements, since a clone is made of a function and not of a template.
#define FASTBOX_FOR(Element)                                                                                          \
  template <>                                                                                                         \
  FASTBOX_VECTOR_CLONES void sum_block(const Element* x, const MapSize& size, std::int64_t block, float* sums) {      \
    for_tiles(                                                                                                        \
        size, [&](auto groups, std::int64_t c)                                                                        \
                  __attribute__((always_inline)) { sum<groups.value>(x, size, block, c, sums); });                    \
  }                                                                                                                   \
  template <>                                                                                                         \
  FASTBOX_VECTOR_CLONES void normalise_block(const Element* x, const Element* residual, const float* weight,          \
                                             const float* bias, const GroupMoments& moments, const MapSize& size,     \
                                             std::int64_t block, bool activate, Element* y) {                         \
    for_tiles(                                                                                                        \
        size, [&](auto groups, std::int64_t c) __attribute__((always_inline)) {                                       \
          if (residual && activate)                                                                                   \
            normalise<groups.value, true, true>(x, residual, weight, bias, moments, size, block, c, y);               \
          else if (residual)                                                                                          \
            normalise<groups.value, false, true>(x, residual, weight, bias, moments, size, block, c, y);              \
          else if (activate)                                                                                          \
            normalise<groups.value, true, false>(x, residual, weight, bias, moments, size, block, c, y);              \
          else                                                                                                        \
            normalise<groups.value, false, false>(x, residual, weight, bias, moments, size, block, c, y);             \
        });                                                                                                           \
  }                                                                                                                   \
  template <>                                                                                                         \
  FASTBOX_VECTOR_CLONES void sum_gradient_block(const Element* gradient, const Element* y, const Element* x,          \
                                                const GroupMoments& moments, const MapSize& size, std::int64_t block, \
                                                float* sums, Element* masked) {                                       \
    for_tiles(                                                                                                        \
        size, [&](auto groups, std::int64_t c) __attribute__((always_inline)) {                                       \
          if (y && masked)                                                                                            \
            sum_gradient<groups.value, true, true>(gradient, y, x, moments, size, block, c, sums, masked);            \
          else if (y)                                                                                                 \
            sum_gradient<groups.value, true, false>(gradient, y, x, moments, size, block, c, sums, masked);           \
          else                                                                                                        \
            sum_gradient<groups.value, false, false>(gradient, y, x, moments, size, block, c, sums, masked);          \
        });                                                                                                           \
  }                                                                                                                   \
  template <>                                                                                                         \
  FASTBOX_VECTOR_CLONES void gradient_block(const Element* gradient, const Element* y, const Element* x,              \
                                            const float* weight, const GradientFactors* factors, const MapSize& size, \
                                            std::int64_t block, Element* gradient_x) {                                \
    for_tiles(                                                                                                        \
        size, [&](auto groups, std::int64_t c) __attribute__((always_inline)) {                                       \
          if (y)                                                                                                      \
            differentiate<groups.value, true>(gradient, y, x, weight, factors, size, block, c, gradient_x);           \
          else                                                                                                        \
            differentiate<groups.value, false>(gradient, y, x, weight, factors, size, block, c, gradient_x);          \
        });                                                                                                           \
  }
FASTBOX_FOR(float)
FASTBOX_FOR(Bf16)

}  // namespace fastbox::models
