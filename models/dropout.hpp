// Dropout masks that are a function of (the sample's seed, which mask), never of the batch around it.
//
// An operator of torch's dispatcher, fastbox::dropout_mask, which draws a mask where it is used: the CPU's code is in
// dropout.cpp, the GPU's twin in dropout.cu, which the CUDA plugin registers. The same bits on both. Thread-safe: no
// state.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace fastbox::models {

/// The seeds as the operator takes them: one dimension, 64-bit integers of the same bits, on `device`. Does not wait
/// for the device. Not for a stream that is being captured: there a tensor that lives on is needed, to be overwritten
/// before each replay.
at::Tensor seed_tensor(const std::vector<std::uint64_t>& seeds, c10::Device device);

/// B x rows x columns x channels, one seed per image of the batch: 0 with `probability`, else 1 / (1 - probability).
/// `which` parts the masks of one forward pass. The probability is rounded to 1 / 65536. The result is of the options'
/// floating type, on the seeds' device.
at::Tensor dropout_mask(const at::Tensor& seeds, std::uint64_t which, at::IntArrayRef shape_of_one, double probability,
                        const at::TensorOptions& options);

/// The same with the seeds brought to the options' device.
at::Tensor dropout_mask(const std::vector<std::uint64_t>& seeds, std::uint64_t which, at::IntArrayRef shape_of_one,
                        double probability, const at::TensorOptions& options);

}  // namespace fastbox::models
