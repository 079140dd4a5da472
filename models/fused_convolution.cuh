// cuDNN's one graph for a convolution, its bias and the ReLU, and when to use it.
//
// Part of the CUDA plugin. C++17. Called by the thread that runs the network, with the tensors' GPU current.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

namespace fastbox::models {

/// All of one type, bf16 or fp32, on one GPU; bias: contiguous. Lives no longer than the lists.
struct FusedConvolution {
  at::Tensor x, weight, bias;
  at::IntArrayRef stride, padding;
};

/// relu(x * weight + bias), in channels-last order.
at::Tensor run_fused(const FusedConvolution& operands);

/// Whether run_fused() gives what `in_two_steps` gives and takes no longer. Found out when a convolution of these
/// sizes and this type is first met on this thread, by running both, which waits for the GPU; while a stream is
/// captured nothing is tried, and what has not been met is false. False where the run asks for deterministic
/// operators, which LibTorch's call of this graph ignores.
bool pays(const FusedConvolution& operands, const std::function<at::Tensor()>& in_two_steps);

}  // namespace fastbox::models
