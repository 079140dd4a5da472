// The 3x3 convolutions of stride 1 and padding 1 by Winograd's minimal filtering, on a CPU in fp32: forward, the
// input's gradient and the kernel's with a quarter of the multiplications (models/winograd_kernel.hpp).
//
// Rounding errors are about twice a direct convolution's. Each image is computed alone, and the kernel's gradients are
// added image by image: the bits depend neither on the batch around an image nor on the number of threads. Called by
// the thread that runs the network.
#pragma once

#include <ATen/core/Tensor.h>

namespace fastbox::models {

/// Whether the convolution can be made so, and is faster so: x, images x in x height x width, and weight, out x in x 3
/// x 3, are fp32 and channels-last on a CPU, without autocast and tracing, channels are multiples of 8, and there are
/// enough of them and of pixels. A function of the sizes: the same in every run.
bool suits_winograd(const at::Tensor& x, const at::Tensor& weight);

/// x * weight + bias, and its ReLU where `activate`. Of what suits_winograd. `bias`: out, or undefined. Keeps x, weight
/// and, with the ReLU, the result for the way back.
at::Tensor winograd_convolution(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, bool activate);

}  // namespace fastbox::models
