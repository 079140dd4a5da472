// Rezoom: nine bilinear samples of the early features at each predicted box, as an operator of the graph of gradients.
// Formula: docs/model.md.
//
// LibTorch's grid_sampler_2d wants features in rows of pixels, its samples have to be turned around, and on a GPU its
// gradient is summed in no order; here features and samples keep their channels together, and every sum has its order.
// fastbox::rezoom of torch's dispatcher: the CPU's code is in rezoom.cpp, the GPU's twin in rezoom.cu, which the CUDA
// plugin registers. In another layout or type, or while a network is traced, it is composed of LibTorch's operators.
// Called by the thread that runs the network.
#pragma once

#include <ATen/core/Tensor.h>

namespace fastbox::models {

/// early: B x C x fh x fw, float or bf16 with boxes of float, or double with double; any layout, and no copy is made of
/// channels-last features nor of a part of their channels. box: B x gh x gw x 4 (dx, dy, w, h) in pixels, from the
/// centre of its cell of 32 x 32 pixels -> B x gh x gw x 9 C of the boxes' type, point by point (ow, then oh), channel
/// last. Points are clipped to the map; a gradient flows into the features and, where a point is not clipped, into the
/// box. The bits are the same on any number of threads; a GPU's are held against them by tests/gpu/rezoom_test.cpp.
at::Tensor rezoom(const at::Tensor& early, const at::Tensor& box);

/// The same by LibTorch's operators: what the other one is proven by.
at::Tensor plain_rezoom(const at::Tensor& early, const at::Tensor& box);

}  // namespace fastbox::models
