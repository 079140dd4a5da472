#include "models/dropout.hpp"

#include <ATen/ATen.h>

#include <cmath>

#include "base/random.hpp"
#include "models/parallel.hpp"

namespace fastbox::models {
namespace {

/// Four elements from each 64 random bits.
void fill(float* mask, std::int64_t count, std::uint64_t seed, std::uint64_t which, std::uint32_t dropped_below,
          float kept) {
  Random random(seed, Purpose::dropout, which);
  for (std::int64_t i = 0; i < count; i += 4) {
    std::uint64_t bits = random.bits();
    for (std::int64_t j = i; j < std::min(i + 4, count); ++j, bits >>= 16)
      mask[j] = (bits & 0xffff) < dropped_below ? 0.0f : kept;
  }
}

}  // namespace

at::Tensor dropout_mask(const std::vector<std::uint64_t>& seeds, std::uint64_t which, at::IntArrayRef shape_of_one,
                        double probability, const at::TensorOptions& options) {
  std::vector<std::int64_t> shape = {static_cast<std::int64_t>(seeds.size())};
  shape.insert(shape.end(), shape_of_one.begin(), shape_of_one.end());
  at::Tensor mask = at::empty(shape, at::kFloat);
  const std::int64_t count = mask.numel() / static_cast<std::int64_t>(seeds.size());
  const auto dropped_below = static_cast<std::uint32_t>(std::lround(probability * 65536));
  const auto kept = static_cast<float>(65536.0 / (65536.0 - dropped_below));
  float* data = mask.data_ptr<float>();
  parallel_for(0, static_cast<std::int64_t>(seeds.size()), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b)
      fill(data + b * count, count, seeds[static_cast<std::size_t>(b)], which, dropped_below, kept);
  });
  return mask.to(options);
}

}  // namespace fastbox::models
