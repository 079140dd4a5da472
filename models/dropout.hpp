// Dropout masks that are a function of (the sample's seed, which mask), never of the batch around it.
//
// Thread-safe: no state.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace fastbox::models {

/// B x rows x columns x channels, one seed per image of the batch: 0 with `probability`, else 1 / (1 - probability).
/// `which` parts the masks of one forward pass. The probability is rounded to 1 / 65536.
at::Tensor dropout_mask(const std::vector<std::uint64_t>& seeds, std::uint64_t which, at::IntArrayRef shape_of_one,
                        double probability, const at::TensorOptions& options);

}  // namespace fastbox::models
