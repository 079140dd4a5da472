// Group normalisation of channels-last maps on a CPU, with what follows it in one pass: a residual sum and a ReLU; and
// what of it a GPU computes as well (group_norm.cu).
//
// Plain functions over memory that the caller owns; no state, so any thread may call them on different images. Every sum is
// taken over blocks of pixels whose size follows from the channels alone, blocks in order: the bits depend neither on the
// number of threads nor on the processor.
#pragma once

#include <cmath>

#include "base/portable.hpp"
#include "models/maps.hpp"

namespace fastbox::models {

/// Of the group normalisations: one group is one register.
constexpr int channels_per_group = lanes;

constexpr double group_norm_epsilon = 1e-5;

/// One image's maps of `pixels` x `channels`, channels a multiple of channels_per_group.
struct MapSize {
  std::int64_t pixels = 0, channels = 0;

  /// Pixels of a block: about 16 KiB of fp32, so that a block stays in the first cache.
  std::int64_t block() const { return channels >= 512 ? 8 : 4096 / channels; }
  std::int64_t blocks() const { return (pixels + block() - 1) / block(); }
  std::int64_t groups() const { return channels / channels_per_group; }
};

/// A normalisation's scale and shift of every channel of one image: mean and 1 / sqrt(variance + epsilon) of the group.
struct GroupMoments {
  float* mean = nullptr;               ///< groups
  float* inverse_deviation = nullptr;  ///< groups: the reciprocal of the deviation
};

/// Of one group.
struct GroupMoment {
  float mean, inverse_deviation;
};

/// From the sum and the sum of squares of `count` numbers (Wu, He 2018, equation 2).
FASTBOX_PORTABLE GroupMoment moment_from(double total, double squares, double count) {
  const double mean = total / count, variance = squares / count - mean * mean;
  // Not std::max, which would make a variance of NaN zero.
  const double deviation = std::sqrt((variance < 0 ? 0 : variance) + group_norm_epsilon);
  return {static_cast<float>(mean), static_cast<float>(1 / deviation)};
}

/// Sum and sum of squares of each channel of x in one block: `sums` 2 x channels floats.
template <typename Element>
void sum_block(const Element* x, const MapSize& size, std::int64_t block, float* sums);

/// From all blocks' sums to the moments (blocks x 2 x channels).
void moments_of(const float* sums, const MapSize& size, const GroupMoments& moments);

/// y = activate ? max(0, n) : n, where n = (x - mean) / deviation * weight + bias + residual. `residual` may be null.
template <typename Element>
void normalise_block(const Element* x, const Element* residual, const float* weight, const float* bias,
                     const GroupMoments& moments, const MapSize& size, std::int64_t block, bool activate, Element* y);

/// Of the gradient g of n: sums of g and of g * (x - mean) / deviation of each channel in one block (2 x channels floats). g is
/// `gradient` where y > 0, else 0; all of it where `y` is null. Where y and `masked` are not null, g is written there.
template <typename Element>
void sum_gradient_block(const Element* gradient, const Element* y, const Element* x, const GroupMoments& moments,
                        const MapSize& size, std::int64_t block, float* sums, Element* masked);

/// What a group's gradient of x is made of: of_gradient * weight * g + of_x * x + constant.
struct GradientFactors {
  float of_gradient = 0, of_x = 0, constant = 0;
};

/// So that the gradient of x is (w g - mean of w g - x^ * mean of w g x^) / deviation, where x^ is x normalised and the
/// means are the group's. Of a group: the sums of w g and of w g x^ over `count` numbers.
FASTBOX_PORTABLE GradientFactors factors_from(double of_gradient, double of_products, const GroupMoment& moment,
                                              double count) {
  const double mean = moment.mean, over = moment.inverse_deviation;
  const double of_x = -over * over * of_products / count;
  return {static_cast<float>(over), static_cast<float>(of_x),
          static_cast<float>(-over * of_gradient / count - of_x * mean)};
}

/// Of one image's groups. `sums`: the image's, 2 x channels.
void gradient_factors(const double* sums, const float* weight, const GroupMoments& moments, const MapSize& size,
                      GradientFactors* factors);

/// The gradient of x in one block.
template <typename Element>
void gradient_block(const Element* gradient, const Element* y, const Element* x, const float* weight,
                    const GradientFactors* factors, const MapSize& size, std::int64_t block, Element* gradient_x);

}  // namespace fastbox::models
