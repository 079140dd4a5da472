// Twice the resolution from four times the channels (pixel shuffle: Shi et al. 2016), of channels-last maps.
//
// LibTorch's is written for planes, and takes several times as long over channels-last maps as to read and write them. On
// a CPU this is one pass; elsewhere, and while a network is traced, LibTorch's operator is used: the same values. Called by the
// thread that runs the network.
#pragma once

#include <ATen/core/Tensor.h>

namespace fastbox::models {

/// B x 4C x H x W -> B x C x 2H x 2W, channels-last: pixel (2y + i, 2x + j) has channel c from channel 4c + 2i + j of (y, x).
at::Tensor pixel_shuffle(const at::Tensor& x);

}  // namespace fastbox::models
