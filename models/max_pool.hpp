// The maximum of each 2 x 2 pixels, as an operator of the graph of gradients.
//
// LibTorch's keeps an index of eight bytes for each maximum, twice the maxima themselves, and its way back goes element by
// element; here it is one byte, and one pass of vectors each way. fastbox::max_pool2 of torch's dispatcher: the CPU's code
// is in max_pool.cpp, the GPU's twin in max_pool.cu, which the CUDA plugin registers. In another layout or type, or while a
// network is traced, LibTorch's own operator is used. Called by the thread that runs the network.
#pragma once

#include <ATen/core/Tensor.h>

namespace fastbox::models {

/// x: images x channels x height x width, of any layout and floating type -> images x channels x height / 2 x width / 2, rounded
/// down. Of equal pixels the first, row by row, gets the gradient. The bits are LibTorch's.
at::Tensor max_pool(const at::Tensor& x);

/// The same by LibTorch's operator: what the other one is proven by.
at::Tensor plain_max_pool(const at::Tensor& x);

}  // namespace fastbox::models
